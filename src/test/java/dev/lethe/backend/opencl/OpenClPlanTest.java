package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.DeviceException;
import dev.lethe.Dim;
import dev.lethe.Precision;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Binary;
import dev.lethe.network.Cell;
import dev.lethe.network.CellNorm;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpenClPlanTest {
  static DeviceFacts facts(boolean cpu, long workGroupSize, long localBytes, long allocationBytes) {
    return new DeviceFacts(
        "device",
        "platform",
        "vendor",
        "OpenCL 3.0",
        "1",
        cpu,
        4,
        workGroupSize,
        localBytes,
        4 * allocationBytes,
        allocationBytes,
        0,
        0);
  }

  /** NVIDIA's H200. */
  static DeviceFacts h200() {
    return new DeviceFacts(
        "NVIDIA H200",
        "NVIDIA CUDA",
        "NVIDIA Corporation",
        "OpenCL 3.0 CUDA",
        "580",
        false,
        132,
        1024,
        48 << 10,
        139L << 30,
        34L << 30,
        1 << 16,
        90);
  }

  @ParameterizedTest
  @CsvSource({
    "false, 1024, 49152",
    "false, 256, 32768",
    "false, 64, 16384",
    "true, 4096, 1048576",
    "true, 64, 16384"
  })
  void tilesFitTheDevice(boolean cpu, long workGroupSize, long localBytes) {
    OpenClPlan plan = OpenClPlan.of(facts(cpu, workGroupSize, localBytes, 1 << 30));
    for (ProductTile product : plan.products()) {
      assertTrue(
          (long) product.rowItems() * product.columnItems() <= workGroupSize, product::toString);
      assertTrue(product.localBytes() <= localBytes, product::toString);
    }
    for (StepTile step : plan.steps()) {
      assertTrue((long) step.units() * step.sequenceItems() <= workGroupSize, step::toString);
      assertTrue(step.localBytes() <= localBytes, step::toString);
    }
    assertTrue(plan.flatItems() <= workGroupSize);
    assertEquals(1, Integer.bitCount(plan.softmaxItems()));
    for (SequenceTile sequence : plan.sequences()) {
      assertTrue(sequence.items() <= workGroupSize, sequence::toString);
      assertTrue(sequence.localBytes(sequence.mostHidden()) <= localBytes, sequence::toString);
    }
  }

  @Test
  void projectedInputsFitOneBuffer() {
    assertEquals(1 << 20, OpenClPlan.of(facts(false, 256, 49152, 1 << 20)).projectionBytes());
    assertTrue(OpenClPlan.of(facts(false, 256, 49152, 1L << 40)).projectionBytes() <= 2L << 30);
  }

  @Test
  void optionsSayWhatIsSpecialAboutTheCell() {
    OpenClPlan plan = OpenClPlan.of(facts(true, 64, 1 << 15, 1 << 30));
    Cell plain = Cell.of(Matrix.zeros(8, 3), Matrix.zeros(8, 2), Matrix.zeros(1, 8));
    assertEquals(
        "-DTU=16 -DLB=4 -DRB=2 -DTK=16 -DGATE=0,0x0.0p0f,0x0.0p0f -DCANDIDATE=1,0x0.0p0f,0x0.0p0f"
            + " -DOUTPUT=1,0x0.0p0f,0x0.0p0f",
        plan.options().step(plan.steps().get(0), plain, LstmParts.Kind.ONE, false, false));
    Cell special =
        new Cell(
            Matrix.zeros(8, 3),
            Matrix.zeros(8, 1),
            Matrix.zeros(1, 8),
            Matrix.zeros(3, 2),
            Matrix.zeros(1, 2),
            new ActivationFunction(ActivationFunction.Kind.HARD_SIGMOID, 0.25f, 0.5f),
            ActivationFunction.TANH,
            ActivationFunction.IDENTITY,
            true,
            3);
    String options =
        plan.options().step(plan.steps().get(0), special, LstmParts.Kind.ONE, false, false);
    for (String part :
        new String[] {
          "-DGATE=7,0x1.0p-2f,0x1.0p-1f",
          "-DOUTPUT=3,0x1.0p0f,0x0.0p0f",
          "-DPEEPHOLES",
          "-DPROJECTED",
          "-DCOUPLED",
          "-DCLIP=0x1.8p1f"
        }) {
      assertTrue(options.contains(part), () -> part + " is not in " + options);
    }
    assertEquals("-DOPERATOR=-", KernelOptions.binary(Binary.Operation.SUBTRACT));
  }

  private static String chosen(DeviceFacts facts, LayerSizes sizes) {
    LayerChoice choice = OpenClPlan.of(facts).choose(sizes, Recurrence.Permitted.ALL);
    return choice.recurrence().kernel();
  }

  @Test
  void aDeviceWhoseLoopsStopRunsNoLongOnes() {
    DeviceFacts plain = facts(true, 64, 1 << 15, 1 << 30);
    DeviceFacts limited =
        new DeviceFacts(
            "llvmpipe (LLVM 15)",
            "rusticl",
            "Mesa",
            "3.0",
            "1",
            true,
            8,
            1024,
            1 << 15,
            1,
            1,
            0,
            0);
    LayerSizes small = new LayerSizes(4, 1, 3, 2, 1);
    assertEquals("lstm_sequence", chosen(plain, small));
    assertEquals("lstm_step", chosen(limited, small));
    OpenClPlan.of(plain).requireDepth("dense", 1 << 20);
    OpenClPlan.of(limited).requireDepth("dense", 4096);
    DeviceException e =
        assertThrows(
            DeviceException.class, () -> OpenClPlan.of(limited).requireDepth("dense", 4097));
    assertTrue(e.getMessage().startsWith("stage dense adds up 4097 terms"), e.getMessage());
  }

  private static final Cell CELL =
      Cell.of(Matrix.zeros(8, 3), Matrix.zeros(8, 2), Matrix.zeros(1, 8));
  private static final String CELL_OPTIONS =
      " -DGATE=0,0x0.0p0f,0x0.0p0f -DCANDIDATE=1,0x0.0p0f,0x0.0p0f -DOUTPUT=1,0x0.0p0f,0x0.0p0f";

  @Test
  void everyKernelHasItsOptions() {
    OpenClPlan fp32 = OpenClPlan.of(h200());
    OpenClPlan tf32 = OpenClPlan.of(h200(), Precision.TF32);
    ProductTile product = new ProductTile(16, 16, 8, 4, 16);
    PersistentPlan.MatrixTile sums = new PersistentPlan.MatrixTile(4, 1, 1);
    String tile = "-DLM=16 -DLN=16 -DRM=8 -DRN=4 -DTK=16";
    assertEquals(tile, tf32.options().product(product, false, 6, 8));
    assertEquals(tile + " -DFOURS", tf32.options().product(product, false, 4, 8));
    assertEquals(tile, tf32.options().product(product, false, 4, 6));
    assertEquals(tile + " -DROW_MAP -DPRECISION=1", tf32.options().product(product, true, 3, 8));
    assertEquals(
        "-DL=128 -DRB=8 -DUNITS=1 -DUNROLL" + CELL_OPTIONS,
        fp32.options().sequence(new SequenceTile(128, 8, 128), CELL, LstmParts.Kind.ONE));
    String waits = " -DPOLLS=1048576 -DPTX";
    assertEquals(
        "-DU=8 -DP=2 -DRB=1 -DUNROLL" + waits + CELL_OPTIONS + " -DSTACKED",
        fp32.options().persistent(CELL, new PersistentPlan.Tile(8, 2, 1), LstmParts.Kind.LAYERS));
    assertEquals(
        "-DSLICES=4 -DPW=1 -DUB=1" + waits + " -DPRECISION=1" + CELL_OPTIONS + " -DBOTH",
        tf32.options().persistent(CELL, sums, LstmParts.Kind.DIRECTIONS));
    assertEquals(
        "-DSLICES=4 -DPW=1 -DWARPS=4 -DNT=6 -DPTX -DPRECISION=1" + CELL_OPTIONS + " -DTRACE",
        tf32.options().matrixStep(new MatrixStepTile(4, 6), sums, CELL, LstmParts.Kind.ONE, true));
    assertEquals(
        "-DTILE=64 -DPRECISION=1 -DPTX",
        tf32.options().matrixProduct(MatrixProductTile.ALL.get(0), 3));
    assertEquals("-DPRECISION=1", tf32.options().beginMatrix(false));
    assertEquals("-DPRECISION=1 -DHISTORY", tf32.options().beginMatrix(true));
    Cell normed =
        CELL.withNorm(
            new CellNorm(Matrix.zeros(1, 8), Matrix.zeros(1, 2), Matrix.zeros(1, 2), 0.5f));
    assertEquals(
        "-DL=64 -DEPSILON=0x1.0p-1f" + CELL_OPTIONS + " -DTRACE",
        fp32.options().normStep(normed, true));
    String step =
        fp32.options().step(fp32.steps().get(0), CELL, LstmParts.Kind.DIRECTIONS, true, true);
    assertTrue(step.endsWith(CELL_OPTIONS + " -DBOTH -DMASKED -DTRACE"), step);
    assertEquals("-DL=64 -DLOGARITHM", fp32.options().softmax(true));
    assertEquals("-DL=64", fp32.options().softmax(false));
    assertEquals("-DL=64", fp32.options().layerNorm());
    assertEquals("-DELEMENT=int", KernelOptions.stepMask(true));
    assertEquals("-DELEMENT=float", KernelOptions.stepMask(false));
    assertEquals("-DOPERATOR=+", KernelOptions.binary(Binary.Operation.ADD));
    assertEquals("-DOPERATOR=*", KernelOptions.binary(Binary.Operation.MULTIPLY));
    assertEquals(
        "-DFUNCTION=3,0x1.0p0f,0x0.0p0f", KernelOptions.activation(ActivationFunction.IDENTITY));
  }

  /** The bytes of the arrays that each kernel declares __local. */
  @Test
  void localMemoryIsWhatTheKernelsDeclare() {
    // xs[TK][TM + 4], ws[TK][TN], starts[TM]
    assertEquals(4 * (32 * (16 + 4) + 32 * 32 + 16), new ProductTile(2, 16, 8, 2, 32).localBytes());
    // hs[TK][TB + 4], float4 rs[TK][TU]
    assertEquals(4 * 16 * (8 + 4) + 16 * 16 * 16, new StepTile(16, 4, 2, 16).localBytes());
    // h of 4 sequences before and after
    SequenceTile sequence = new SequenceTile(16, 4, 256);
    assertEquals(2 * 100 * 4 * 4, sequence.localBytes(100));
    assertEquals(2, sequence.units(32));
    assertEquals(3, sequence.units(33));
    // float4 sums[2][P][RB * U], float4 hs[RB * P * (32 / 4 + 1)], lost
    assertEquals(
        16 * 2 * 3 * 2 * 8 + 16 * 2 * 3 * 9 + 4, new PersistentPlan.Tile(8, 3, 2).fixedBytes());
    // parts[SLICES][SLICES / 2][8][32], box[6 * items], fresh[items], lost
    PersistentPlan.MatrixTile matrix = new PersistentPlan.MatrixTile(4, 1, 1);
    assertEquals(4 * 4 * 2 * 8 * 32 + 4 * 6 * 128 + 4 * 128 + 4, matrix.fixedBytes());
    assertEquals(128, matrix.items());
    assertEquals(4 * 16 * 8, matrix.cellBytes(16));
    MatrixStepTile step = new MatrixStepTile(4, 6);
    assertEquals(List.of(32, 48, 128), List.of(step.units(), step.sequences(), step.items()));
  }

  @Test
  void sumsOnMatrixUnitsAreCutByTheHiddenSizeAlone() {
    Map<Integer, PersistentPlan.MatrixTile> expected =
        Map.of(
            32, new PersistentPlan.MatrixTile(2, 1, 1),
            33, new PersistentPlan.MatrixTile(4, 1, 1),
            64, new PersistentPlan.MatrixTile(4, 1, 1),
            65, new PersistentPlan.MatrixTile(8, 1, 1),
            128, new PersistentPlan.MatrixTile(8, 1, 1),
            129, new PersistentPlan.MatrixTile(8, 2, 1));
    expected.forEach(
        (hidden, tile) ->
            assertEquals(tile, PersistentPlan.MatrixTile.of(Precision.TF32, hidden), "H" + hidden));
  }

  private static Recurrence.Permitted permitted(boolean masked, Cell... cells) {
    GraphBuilder g = new GraphBuilder();
    Shape shape = Shape.of(Dim.symbol("time"), Dim.symbol("batch"), Dim.of(3));
    Value x = g.input("x", Tensor.Type.FLOAT32, shape);
    Optional<Value> mask = masked ? Optional.of(g.stepMask("mask", 0, x)) : Optional.empty();
    List<Lstm.Direction> directions =
        IntStream.range(0, cells.length)
            .mapToObj(k -> new Lstm.Direction(k == 1, cells[k]))
            .toList();
    g.lstm(
        "lstm",
        GraphBuilder.Layouts.ONNX,
        directions,
        x,
        Optional.empty(),
        mask,
        Optional.empty(),
        Optional.empty());
    return OpenClPlan.permitted(g.build("one", "by hand").lstms().findFirst().orElseThrow());
  }

  @Test
  void kernelsOfManyStepsRunPlainLayersOnly() {
    Recurrence.Permitted none = new Recurrence.Permitted(false, false);
    Cell projected =
        Cell.of(Matrix.zeros(8, 3), Matrix.zeros(8, 1), Matrix.zeros(1, 8), Matrix.zeros(1, 2));
    Cell normed =
        CELL.withNorm(
            new CellNorm(Matrix.zeros(1, 8), Matrix.zeros(1, 2), Matrix.zeros(1, 2), 0.5f));
    Cell coupled =
        new Cell(
            CELL.input(),
            CELL.recurrent(),
            CELL.bias(),
            CELL.peepholes(),
            CELL.projection(),
            CELL.gate(),
            CELL.candidate(),
            CELL.output(),
            true,
            CELL.clip());
    assertEquals(Recurrence.Permitted.ALL, permitted(false, CELL));
    assertEquals(Recurrence.Permitted.ALL, permitted(false, CELL, CELL));
    assertEquals(new Recurrence.Permitted(true, false), permitted(false, CELL, coupled));
    assertEquals(none, permitted(true, CELL));
    assertEquals(none, permitted(false, projected));
    assertEquals(none, permitted(false, normed));
  }

  /** As tuning has it measure one kernel after the other. */
  @ParameterizedTest
  @CsvSource({"FP32, 64", "FP32, 512", "FP16, 64", "FP16, 512", "INT8, 512"})
  void aPlanOfOneKernelTakesThat(Precision precision, int hidden) {
    OpenClPlan plan = OpenClPlan.of(h200(), precision);
    LayerSizes sizes = new LayerSizes(5, 16, 40, hidden, 1);
    List<Recurrence> all = plan.recurrences(sizes, Recurrence.Permitted.ALL);
    assertTrue(all.size() > 5, all::toString);
    ProjectionTile product = plan.projections().get(1);
    for (Recurrence each : all) {
      OpenClPlan one = plan.only(new LayerChoice(product, each, false));
      LayerChoice choice = one.choose(sizes, Recurrence.Permitted.ALL);
      assertEquals(new LayerChoice(product, each, false), choice);
      assertEquals(each.numbers(), choice.recurrence().numbers());
      assertEquals(plan.precision(), one.precision());
    }
    assertTrue(all.stream().map(r -> r.kernel() + r.numbers()).distinct().count() == all.size());
  }

  @Test
  void aPlanWithoutMatrixUnitsRunsTheOtherKernels() {
    OpenClPlan plan = OpenClPlan.of(h200(), Precision.BF16);
    LayerSizes sizes = new LayerSizes(5, 16, 40, 512, 1);
    assertTrue(plan.matrix());
    OpenClPlan without = plan.withoutMatrix();
    assertFalse(without.matrix());
    List<String> kernels =
        without
            .withPersistent(PersistentPlan.NONE)
            .recurrences(sizes, Recurrence.Permitted.ALL)
            .stream()
            .map(Recurrence::kernel)
            .distinct()
            .toList();
    assertEquals(List.of("lstm_step"), kernels);
    assertFalse(OpenClPlan.of(h200(), Precision.INT8).matrix());
  }
}
