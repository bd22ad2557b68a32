package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Options;
import dev.lethe.Precision;
import dev.lethe.backend.Cases;
import dev.lethe.backend.GraphSession;
import dev.lethe.backend.Invariance;
import dev.lethe.backend.RandomNetwork;
import dev.lethe.network.Graph;
import java.util.List;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random networks on OpenCL devices: the same bits whatever the batch, its order, its padding and
 * the pieces. Fewer of them than on the CPU: each kernel of each network is compiled.
 */
class OpenClInvarianceTest {
  private static final int NETWORKS = Cases.SMALL ? 1 : 8;

  /** Where the compiler takes minutes for what others do in seconds. */
  private static final int OF_SLOW_COMPILERS = 1;

  static LongStream seeds() {
    return RandomNetwork.seeds(NETWORKS);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void sameBits(long seed) {
    List<Discovery.Found> devices =
        Discovery.run().found().stream()
            .filter(
                found ->
                    !found.facts().limitsLoops() || seed < RandomNetwork.FIRST + OF_SLOW_COMPILERS)
            .toList();
    assumeTrue(!devices.isEmpty(), "no OpenCL device");
    RandomNetwork network = RandomNetwork.of(seed);
    for (Discovery.Found found : devices) {
      Precision precision = network.precision(List.of(Precision.values()));
      Options options = new Options(found.device().id(), 1, precision);
      Function<Graph, GraphSession> open = graph -> (GraphSession) graph.open(options);
      Invariance invariance = new Invariance(network);
      invariance.check(invariance.alone(open), found.device().id() + ", " + precision, open);
    }
  }
}
