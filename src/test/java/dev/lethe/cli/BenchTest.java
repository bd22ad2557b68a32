package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.InputException;
import dev.lethe.Shape;
import dev.lethe.backend.Peak;
import dev.lethe.backend.RunTimes;
import dev.lethe.network.Graph;
import dev.lethe.network.LstmShape;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code lethe bench} reads, and what it makes of times that are made up. */
class BenchTest {
  private static final String GPU = "opencl:0.0";

  @TempDir Path folder;

  @Test
  void shapesAreReadLineByLine() {
    List<LstmShape> shapes =
        BenchShapes.parse("list", "# all\n\n 32x16x64x128 # small\n40x8x16x32x2x2\r\n");
    assertEquals(
        List.of(new LstmShape(32, 16, 64, 128, 1, 1), new LstmShape(40, 8, 16, 32, 2, 2)), shapes);
    assertEquals(
        List.of("32x16x64x128", "40x8x16x32x2x2"),
        shapes.stream().map(LstmShape::toString).toList());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "32x16x64",
        "32x16x64x128x2",
        "0x1x1x1",
        "1x1x1x-1",
        "1x1x1x1x1x3",
        "1x1x1x1x",
        "axbxcxd",
        "9999999999x1x1x1",
        "1 x1x1x1"
      })
  void whatIsNoShapeIsRefusedWithItsLine(String text) {
    InputException e =
        assertThrows(
            InputException.class, () -> BenchShapes.parse("list", "1x1x1x1\n# two\n" + text));
    assertTrue(e.getMessage().startsWith("list, line 3: shape must be TxBxIxH"), e.getMessage());
    assertTrue(e.getMessage().endsWith("not " + text), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "999999999x999999999x1x1",
        "1x1x1x999999999",
        "1x1x999999999x999",
        "999999999x1x1x999999999x1x2"
      })
  void arraysThatCannotBeAreRefused(String text) {
    InputException e = assertThrows(InputException.class, () -> LstmShape.parse(text));
    assertTrue(e.getMessage().contains("too large"), e.getMessage());
  }

  @Test
  void moreWeightsThanMemoryAreRefused() {
    List<LstmShape> deep = List.of(LstmShape.parse("1x1x1024x1024x999999999x1"));
    InputException e = assertThrows(InputException.class, () -> BenchNetwork.of(deep));
    assertTrue(e.getMessage().contains("-Xmx"), e.getMessage());
  }

  @Test
  void listsThatAreNoneAreRefused() throws IOException {
    Path file = folder.resolve("shapes.txt");
    assertThrows(InputException.class, () -> BenchShapes.read(file));
    Files.writeString(file, "# nothing\n");
    assertThrows(InputException.class, () -> BenchShapes.read(file));
    Files.write(file, new byte[2 << 20]);
    assertThrows(InputException.class, () -> BenchShapes.read(file));
  }

  @Test
  void aShapeIsANetworkOfTheseSizes() {
    LstmShape shape = LstmShape.parse("5x3x4x6x2x2");
    Graph graph = shape.network();
    assertEquals(Shape.of(5, 3, 4), Shape.of(shape.input().shape()));
    assertEquals(
        List.of(5, 3, 12),
        Arrays.stream(graph.outputs().get(0).shape().resolve(Map.of("time", 5, "batch", 3)))
            .boxed()
            .toList());
    assertEquals(shape.operations(), (double) graph.operations(Map.of("time", 5, "batch", 3)));
    assertEquals(shape.parameters(), (double) graph.parameters());
  }

  @Test
  void shapesMayBeCsvOfNamedColumns() {
    String csv = "group,name,T,B,I,H,layers,directions,flops\n# none\na,b,5,3,4,6,2,2,99\n";
    assertEquals(List.of(LstmShape.parse("5x3x4x6x2x2")), BenchShapes.parse("list", csv));
    assertEquals(
        List.of(LstmShape.parse("5x3x4x6")), BenchShapes.parse("list", "H, I,B,T\n6,4, 3,5"));
    InputException lacks =
        assertThrows(InputException.class, () -> BenchShapes.parse("list", "T,B,I\n1,1,1"));
    assertTrue(lacks.getMessage().contains("no column H"), lacks.getMessage());
    InputException fields =
        assertThrows(InputException.class, () -> BenchShapes.parse("list", "T,B,I,H\n1,1,1"));
    assertTrue(fields.getMessage().startsWith("list, line 2: "), fields.getMessage());
    assertThrows(InputException.class, () -> BenchShapes.parse("list", "T,B,I,H\n1,x,1,1"));
  }

  @Test
  void shapesThatDifferInTheirBatchAreOneNetwork() {
    List<BenchNetwork> networks =
        BenchNetwork.of(
            BenchShapes.parse("list", "1x8x2x3\n4x1x2x3x2x1\n1x1x2x3\n1x8x2x3\n4x2x2x3"));
    assertEquals(
        List.of("1xBx2x3", "4xBx2x3x2x1", "4xBx2x3"),
        networks.stream().map(BenchNetwork::name).toList());
    assertEquals(List.of(1, 8), networks.get(0).batches());
  }

  @Test
  void modelsRunInPowersOfTwo() {
    Graph graph = LstmShape.parse("1x1x2x3").network();
    BenchNetwork network = BenchNetwork.of(graph, Optional.of(7));
    assertEquals(List.of(1, 2, 4, 8), network.batches().subList(0, 4));
    assertEquals(Map.of("batch", 4, "time", 7), network.sizes(graph, 4));
    assertThrows(InputException.class, () -> BenchNetwork.of(graph, Optional.of(2_000_000_000)));
  }

  @Test
  void theBuiltInListIsWhole() {
    assertTrue(BenchNetwork.of(BenchShapes.builtIn()).size() > 1);
  }

  @Test
  void rowsAreMedians() {
    List<Long> totals = List.of(9_000_000L, 2_000_000L, 3_000_000L, 4_000_000L, 5_000_000L);
    List<RunTimes> parts =
        LongStream.of(1, 30, 2, 20, 10)
            .mapToObj(n -> new RunTimes(n * 100, n * 100_000, n * 1000, 4))
            .toList();
    BenchRow row = BenchRow.of("cpu", 8, 1e6, totals, parts, List.of("a kernel"));
    assertEquals(
        new BenchRow("cpu", 8, 1e6, 5, 4e-3, 0.5, 1e-6, 1e-3, 1e-5, 4, List.of("a kernel")), row);
    assertEquals(2000, row.sequencesPerSecond(), 1e-9);
    assertEquals(1e9, row.operationsPerSecond(), 1e-3);
  }

  @Test
  void timesSettleWhenTheyNoLongerFall() {
    List<Long> runs = new ArrayList<>();
    for (long k = 0; k < 15; k++) {
      assertFalse(BenchTimer.settled(runs));
      runs.add(1000 - 20 * k);
    }
    assertFalse(BenchTimer.settled(runs));
    for (int k = 0; k < 30; k++) {
      runs.add(700L + k % 2);
    }
    assertTrue(BenchTimer.settled(runs));
    for (int k = 0; k < 45; k++) {
      runs.add(k % 2 == 0 ? 700L : 2000L);
    }
    assertFalse(BenchTimer.settled(runs));
  }

  @Test
  void theTableShowsBatchesTogetherAndShares() {
    BenchResult result = result(row("cpu", 1, 0.5), row("cpu", 64, 4), row(GPU, 1, 2));
    StringWriter text = new StringWriter();
    result.table(Map.of("cpu", new Peak(4e9, "made up"))).print(new PrintWriter(text, true), "");
    List<String> lines = text.toString().lines().toList();
    assertTrue(
        lines
            .get(1)
            .matches("1 +cpu +0\\.500 +10 % +0\\.050 +0\\.400 +0\\.025 +2,000 +2\\.50 +63 % +- +7"),
        lines.get(1));
    assertTrue(lines.get(2).matches("1 +opencl:0\\.0 +2\\.00 .* - +3 +7"), lines.get(2));
    assertTrue(lines.get(3).startsWith("64 "), lines.get(3));
  }

  @Test
  void aDevicePaysFromWhereItStaysFaster() {
    BenchResult result =
        result(
            row("cpu", 1, 1),
            row("cpu", 2, 2),
            row("cpu", 4, 4),
            row("cpu", 8, 8),
            row(GPU, 1, 0.5),
            row(GPU, 2, 3),
            row(GPU, 4, 3),
            row(GPU, 8, 3),
            row(GPU, 16, 90));
    assertEquals(Optional.of(4), result.paysFrom(GPU));
    assertEquals("opencl:0.0 pays from a batch of 4 on", result.verdict());
  }

  @Test
  void verdictsOfOneNetwork() {
    assertEquals("nothing was measured", result().verdict());
    assertEquals(
        "cpu: at most 4,000 sequences/s, at a batch of 8; no other device to compare with",
        result(row("cpu", 1, 1), row("cpu", 8, 2)).verdict());
    assertEquals(
        "cpu is the fastest at every batch size measured",
        result(row("cpu", 1, 1), row(GPU, 1, 1)).verdict());
    assertEquals(
        "opencl:0.0 pays at every batch size measured",
        result(row("cpu", 1, 2), row("cpu", 2, 2), row(GPU, 1, 1), row(GPU, 2, 1)).verdict());
    assertEquals(
        "opencl:0.0 is faster than cpu only at a batch of 1; opencl:1.0 pays from a batch of 2 on",
        result(
                row("cpu", 1, 2),
                row("cpu", 2, 2),
                row(GPU, 1, 1),
                row(GPU, 2, 3),
                row("opencl:1.0", 1, 3),
                row("opencl:1.0", 2, 1))
            .verdict());
  }

  @Test
  void oneVerdictForAllNetworks() {
    BenchResult never = result(row("cpu", 4, 1), row(GPU, 4, 2));
    BenchResult early = result(row("cpu", 4, 2), row(GPU, 4, 1));
    BenchResult late = result(row("cpu", 4, 1), row("cpu", 8, 2), row(GPU, 4, 2), row(GPU, 8, 1));
    BenchResult small = result(row("cpu", 4, 2), row("cpu", 8, 2), row(GPU, 4, 1), row(GPU, 8, 3));
    BenchResult alone = result(row("cpu", 4, 2));
    assertEquals(
        "opencl:0.0 pays for 2 of 4 networks, from batches of 4 to 8 on",
        BenchResult.verdict(List.of(never, early, late, alone)));
    assertEquals(
        "opencl:0.0 pays for 1 of 2 networks, from a batch of 8 on",
        BenchResult.verdict(List.of(late, never)));
    assertEquals(never.verdict(), BenchResult.verdict(List.of(never, never)));
    assertEquals(
        "cpu is the fastest at the largest batch size of every network",
        BenchResult.verdict(List.of(never, small)));
    assertEquals(
        "only one device was measured; nothing to compare it with",
        BenchResult.verdict(List.of(alone, alone)));
  }

  @Test
  void theVerdictSaysWhyNothingIsCompared() {
    BenchResult cpu = result(row("cpu", 4, 2));
    BenchResult gpu = result(row(GPU, 4, 2));
    BenchResult late =
        new BenchResult("network", List.of(row(GPU, 4, 2)), List.of(BenchGap.late("cpu", 4)));
    assertEquals(
        "too little time to compare devices; raise --seconds",
        BenchResult.verdict(List.of(late, cpu)));
    assertEquals(
        "no batch size was measured on two devices", BenchResult.verdict(List.of(gpu, cpu)));
    assertEquals(
        "opencl:0.0: at most 2,000 sequences/s, at a batch of 4; too little time to compare"
            + " devices; raise --seconds",
        late.verdict());
    BenchResult large =
        new BenchResult("network", List.of(row("cpu", 4, 2)), List.of(BenchGap.late("cpu", 8)));
    assertEquals(
        "cpu: at most 2,000 sequences/s, at a batch of 4; no other device to compare with",
        large.verdict());
  }

  @Test
  void aPeakThatARunBeatsIsNotBelieved() {
    Map<String, Peak> peaks =
        Map.of("cpu", new Peak(1e9, "made up"), GPU, new Peak(9e9, "made up"));
    List<BenchResult> results = List.of(result(row("cpu", 1, 2), row(GPU, 1, 2)), result());
    assertEquals(peaks, BenchResult.believable(peaks, results));
    List<BenchResult> faster =
        List.of(result(row("cpu", 1, 2), row(GPU, 1, 2)), result(row("cpu", 1, 1)));
    Map<String, Peak> left = BenchResult.believable(peaks, faster);
    assertEquals(Set.of(GPU), left.keySet());
    StringWriter text = new StringWriter();
    faster.get(1).table(left).print(new PrintWriter(text, true), "");
    String line = text.toString().lines().toList().get(1);
    assertTrue(line.matches("1 +cpu .* +1\\.25 +- +- +7"), line);
    assertFalse(faster.get(1).json(left).toString().contains("share_of_peak"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "0;0.000",
        "0.00052;5.2e-04",
        "0.05;0.050",
        "1.234;1.23",
        "12.34;12.3",
        "12345;12,345"
      })
  void numbersAreForPeople(double number, String text) {
    assertEquals(text, BenchResult.number(number));
  }

  /** Milliseconds of a run, of which four fifths are computing 1e6 operations. */
  private static BenchRow row(String device, int batch, double milliseconds) {
    double seconds = milliseconds / 1e3;
    return new BenchRow(
        device,
        batch,
        1e6,
        7,
        seconds,
        0.1,
        0.1 * seconds,
        0.8 * seconds,
        0.05 * seconds,
        device.equals("cpu") ? 0 : 3,
        List.of());
  }

  private static BenchResult result(BenchRow... rows) {
    return new BenchResult("network", List.of(rows), List.of());
  }
}
