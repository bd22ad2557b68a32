package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Device;
import dev.lethe.Lethe;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Stream;
import dev.lethe.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Eight threads that share sessions and streams, open and close others, and close under each
 * other's hands. Whatever they get has the bits that one thread alone gets.
 */
class ConcurrencyTest {
  private static final int THREADS = Cases.SMALL ? 3 : 8;
  private static final String CLOSED = "the session is closed";

  static java.util.stream.Stream<String> devices() {
    return java.util.stream.Stream.concat(
        java.util.stream.Stream.of("cpu:scalar"), Devices.usable().stream().map(Device::id));
  }

  @ParameterizedTest
  @MethodSource("devices")
  void sameBitsFromEightThreads(String device) throws InterruptedException, ExecutionException {
    boolean cpu = device.startsWith("cpu");
    List<Shared> all = new ArrayList<>();
    // small ones, and for a compiler's sake few: one that can be streamed, one that cannot
    long[] seeds = cpu ? new long[] {3, 5, 6, 7, 10, 12} : new long[] {6, 7};
    for (long seed : seeds) {
      all.add(new Shared(RandomNetwork.of(seed), new Options(device, 2)));
    }
    assertTrue(all.stream().anyMatch(shared -> shared.stream.isPresent()));
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int k = 0; k < THREADS; k++) {
        int thread = k;
        running.add(threads.submit(() -> work(thread, cpu ? 100 : 20, all, device)));
      }
      for (Future<?> each : running) {
        each.get();
      }
    } finally {
      threads.shutdown();
      all.forEach(Shared::close);
    }
  }

  private static void work(int thread, int times, List<Shared> all, String device) {
    Random random = new Random(thread);
    random.nextInt();
    for (int k = 0; k < times; k++) {
      Shared shared = all.get(random.nextInt(all.size()));
      switch (random.nextInt(10)) {
        case 0 -> shared.replace();
        case 1 -> shared.alone(random);
        case 2 -> assertTrue(Lethe.devices().stream().anyMatch(d -> d.id().equals(device)));
        case 3, 4, 5 -> shared.stream(thread);
        default -> shared.run(random);
      }
    }
  }

  /** What all threads use of one network. */
  private static final class Shared {
    private final RandomNetwork network;
    private final Options options;
    private final Invariance invariance;
    private final int[][][] expected;
    private final List<List<Integer>> batches = new ArrayList<>();
    private final List<Map<String, Tensor>> inputs = new ArrayList<>();
    private final List<Integer> streamed;
    private final AtomicReference<Session> session;
    final Optional<Stream> stream;

    Shared(RandomNetwork network, Options options) {
      this.network = network;
      this.options = options;
      invariance = new Invariance(network);
      expected = invariance.alone(graph -> (GraphSession) graph.open(options));
      List<Integer> rows = new ArrayList<>();
      for (int b = 0; b < expected.length; b++) {
        rows.add(b);
      }
      streamed = List.copyOf(rows.subList(0, Math.min(3, rows.size())));
      Random random = new Random(network.seed());
      for (int k = 0; k < 4; k++) {
        Collections.shuffle(rows, random);
        List<Integer> some = List.copyOf(rows.subList(0, 1 + random.nextInt(rows.size())));
        batches.add(some);
        inputs.add(invariance.inputs(some, invariance.most(some) + invariance.padding()));
      }
      session = new AtomicReference<>(open());
      stream =
          invariance.isStreamable()
              ? Optional.of(network.graph().openStream(THREADS * streamed.size(), options))
              : Optional.empty();
    }

    private Session open() {
      return network.graph().open(options);
    }

    /** Runs the shared session; who closed it has put another in its place before. */
    void run(Random random) {
      int batch = random.nextInt(batches.size());
      while (true) {
        try {
          check(session.get(), batch);
          return;
        } catch (IllegalStateException e) {
          assertEquals(CLOSED, e.getMessage());
        }
      }
    }

    /** Closes the shared session while others run it or wait for it. */
    void replace() {
      Session old = session.getAndSet(open());
      old.close();
      old.close();
    }

    void alone(Random random) {
      try (Session own = open()) {
        check(own, random.nextInt(batches.size()));
      }
    }

    void stream(int thread) {
      stream.ifPresent(
          shared -> {
            int first = thread * streamed.size();
            int[][][] pieces = invariance.pieces(shared, first, streamed);
            invariance.same(expected, streamed, pieces, "stream, thread " + thread);
          });
    }

    private void check(Session from, int batch) {
      List<Integer> rows = batches.get(batch);
      int[][][] bits = invariance.bits(from.run(inputs.get(batch)), rows);
      invariance.same(expected, rows, bits, "batch " + batch);
    }

    void close() {
      stream.ifPresent(Stream::close);
      session.get().close();
    }
  }
}
