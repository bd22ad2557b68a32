package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.DeviceException;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Binary;
import dev.lethe.network.Cell;
import dev.lethe.network.Matrix;
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
    for (OpenClPlan.ProductTile product : plan.products()) {
      assertTrue(
          (long) product.rowItems() * product.columnItems() <= workGroupSize, product::toString);
      assertTrue(product.localBytes() <= localBytes, product::toString);
    }
    for (OpenClPlan.StepTile step : plan.steps()) {
      assertTrue((long) step.units() * step.sequenceItems() <= workGroupSize, step::toString);
      assertTrue(step.localBytes() <= localBytes, step::toString);
    }
    assertTrue(plan.flatItems() <= workGroupSize);
    assertEquals(1, Integer.bitCount(plan.softmaxItems()));
    for (OpenClPlan.SequenceTile sequence : plan.sequences()) {
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
        plan.stepOptions(plan.steps().get(0), plain, false, false, false));
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
    String options = plan.stepOptions(plan.steps().get(0), special, false, false, false);
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
    assertEquals("-DOPERATOR=-", OpenClPlan.binaryOptions(Binary.Operation.SUBTRACT));
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
}
