package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Options;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.Tolerance;
import dev.lethe.backend.cpu.ScalarSession;
import dev.lethe.network.Graph;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Networks that others made, in narrow weights, within the bounds of the precision. */
class NarrowConformanceTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("lethe.conformance", "../shared/conformance"));

  @TestFactory
  Stream<DynamicTest> recordedCases() {
    assumeTrue(Files.isDirectory(FOLDER), () -> "no recorded cases in " + FOLDER);
    return Case.find(FOLDER).stream()
        .map(Case::read)
        .filter(recorded -> !recorded.rejects() && recorded.kind().isEmpty())
        .map(
            recorded ->
                DynamicTest.dynamicTest(
                    recorded.folder().getFileName().toString(), () -> check(recorded)));
  }

  private static void check(Case recorded) {
    Path set = recorded.dataSets().get(0);
    Map<String, Tensor> inputs = CaseRunner.inputs(recorded, set);
    Model loaded = Model.load(recorded.model(), inputs);
    inputs.keySet().removeAll(loaded.weights());
    Graph graph = Model.graph(loaded.network());
    Map<String, double[]> exact = ScalarSession.outputs(graph, inputs);
    for (Precision precision : new Precision[] {Precision.BF16, Precision.FP16, Precision.INT8}) {
      Tolerance tolerance = Agreement.tolerance(graph, inputs, precision);
      try (Session session = graph.open(new Options("cpu", 1, precision))) {
        Agreement.check(tolerance, exact, session.run(inputs))
            .forEach(
                (output, agreement) ->
                    assertTrue(
                        agreement.passes(),
                        () -> precision + ", " + output + ": " + agreement.worst()));
      }
    }
  }
}
