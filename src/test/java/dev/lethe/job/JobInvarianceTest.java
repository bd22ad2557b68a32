package dev.lethe.job;

import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.GraphSession;
import dev.lethe.backend.Invariance;
import dev.lethe.backend.RandomNetwork;
import dev.lethe.io.ArraySource;
import dev.lethe.io.Npy;
import dev.lethe.network.Graph;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random networks: a job's chunks, dealt out to two sessions, have the bits of each sequence. */
class JobInvarianceTest {
  private static final int NETWORKS = 40;

  @TempDir Path folder;

  static LongStream seeds() {
    return RandomNetwork.seeds(NETWORKS);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void sameBits(long seed) {
    RandomNetwork network = RandomNetwork.of(seed);
    Graph graph = network.graph();
    Invariance invariance = new Invariance(network);
    int[][][] alone = invariance.alone(g -> (GraphSession) g.open(new Options("cpu", 1)));
    Random random = new Random(seed);
    random.nextInt();
    List<Integer> rows = new ArrayList<>();
    for (int b = 0; b < alone.length; b++) {
      rows.add(b);
    }
    Collections.shuffle(rows, random);
    int steps = invariance.most(rows) + invariance.padding();
    Limits limits = new Limits(1 << 24, Optional.of(1 + random.nextInt(rows.size())), 2);
    try (Session first = graph.open(new Options("cpu", 1));
        Session second = graph.open(new Options("cpu", 2))) {
      List<Tensor> outputs =
          run(graph, invariance.inputs(rows, steps), limits, List.of(first, second));
      Map<String, Tensor> byName = new HashMap<>();
      for (int k = 0; k < outputs.size(); k++) {
        byName.put(graph.results().get(k).name(), outputs.get(k));
      }
      String how = "in chunks of " + limits.sequences().orElseThrow();
      invariance.same(alone, rows, invariance.bits(byName, rows), how);
    }
  }

  /** The outputs, in the network's order. */
  private List<Tensor> run(
      Graph graph, Map<String, Tensor> inputs, Limits limits, List<Session> sessions) {
    List<Target> targets = new ArrayList<>();
    for (int k = 0; k < graph.results().size(); k++) {
      targets.add(
          new Target(folder.resolve("out" + k + ".npy"), List.of(graph.results().get(k).name())));
    }
    Map<String, ArraySource> sources = new HashMap<>();
    inputs.forEach((name, tensor) -> sources.put(name, ArraySource.of(tensor)));
    try (Job job = Job.padded(graph, sources, targets, limits)) {
      job.begin(List.of(), false);
      job.run(
          sessions,
          new Listener() {
            @Override
            public void done(int sequences) {}

            @Override
            public void warn(String what) {
              throw new AssertionError(what);
            }
          });
    }
    return targets.stream().map(target -> Npy.read(target.file())).toList();
  }
}
