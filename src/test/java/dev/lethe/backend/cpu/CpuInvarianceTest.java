package dev.lethe.backend.cpu;

import dev.lethe.Device;
import dev.lethe.Precision;
import dev.lethe.backend.GraphSession;
import dev.lethe.backend.Invariance;
import dev.lethe.backend.RandomNetwork;
import dev.lethe.network.Graph;
import java.util.List;
import java.util.function.Function;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random networks on the CPU: the same bits from both kinds of kernels, whatever the threads, the
 * batch, its order, its padding and the pieces.
 */
class CpuInvarianceTest {
  private static final Device CPU = new CpuBackend().devices().get(0);
  private static final int NETWORKS = 300;

  static LongStream seeds() {
    return RandomNetwork.seeds(NETWORKS);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void sameBits(long seed) {
    RandomNetwork network = RandomNetwork.of(seed);
    Precision precision =
        network.precision(Stream.of(Precision.values()).filter(CPU::computes).toList());
    Invariance invariance = new Invariance(network);
    int[][][] alone = invariance.alone(open(CpuKernels.plain(), 1, precision));
    int several = 2 + (int) (seed % 4);
    for (int threads : List.of(1, several)) {
      String how = precision + ", " + threads + " threads";
      invariance.check(alone, "plain Java, " + how, open(CpuKernels.plain(), threads, precision));
      if (CpuKernels.get() != CpuKernels.plain()) {
        invariance.check(alone, "vectors, " + how, open(CpuKernels.get(), threads, precision));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void sameBitsOfTheReference(long seed) {
    RandomNetwork network = RandomNetwork.of(seed);
    Precision precision = seed % 2 == 0 ? Precision.FP32 : Precision.INT8;
    Invariance invariance = new Invariance(network);
    Function<Graph, GraphSession> open =
        graph -> new ScalarSession(graph, CpuBackend.REFERENCE, "", precision);
    invariance.check(invariance.alone(open), "reference, " + precision, open);
  }

  private static Function<Graph, GraphSession> open(
      Kernels kernels, int threads, Precision precision) {
    return graph -> new CpuSession(graph, CPU, "", kernels, threads, precision);
  }
}
