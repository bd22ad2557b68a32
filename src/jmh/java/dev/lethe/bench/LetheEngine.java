package dev.lethe.bench;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.GraphSession;
import dev.lethe.backend.Peak;
import dev.lethe.network.LstmShape;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;

/** Lethe, on any of its devices. */
final class LetheEngine implements Engine {
  private static final Duration MOST_FOR_PEAK = Duration.ofSeconds(5);

  private final Session session;
  private final Map<String, Tensor> inputs;
  private final Map<String, Tensor> outputs;

  LetheEngine(String device, LstmShape shape, int threads, Precision precision) {
    session = shape.network().open(new Options(device, threads, precision));
    if (session instanceof GraphSession timed) {
      timed.warmUp();
    }
    inputs = Map.of("x", shape.input());
    outputs = session.run(inputs);
  }

  /** y of another x [T, B, I] in double precision, for any T and B. */
  static Tensor reference(LstmShape shape, Tensor x) {
    try (Session reference = shape.network().open(new Options("cpu:scalar", 0))) {
      return y(reference.run(Map.of("x", x)));
    }
  }

  @Override
  public String description() {
    String version = Network.class.getPackage().getImplementationVersion();
    return "Lethe " + (version == null ? "" : version + " ") + session.choice();
  }

  @Override
  public void run() {
    session.run(inputs, outputs);
  }

  @Override
  public Tensor y() {
    Tensor y = y(outputs);
    return Tensor.of(y.toFloatArray(), y.shape());
  }

  @Override
  public double peak() {
    return session instanceof GraphSession measured
        ? measured.peak(MOST_FOR_PEAK).map(Peak::operations).orElse(0.0)
        : 0;
  }

  @Override
  public void close() {
    session.close();
  }

  private static Tensor y(Map<String, Tensor> outputs) {
    return Objects.requireNonNull(outputs.get("y"));
  }
}
