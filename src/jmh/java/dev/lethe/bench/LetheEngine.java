package dev.lethe.bench;

import dev.lethe.Dim;
import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Cell;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Lethe, on any of its devices. */
final class LetheEngine implements Engine {
  private final Session session;
  private final Map<String, Tensor> inputs;
  private final Map<String, Tensor> outputs;

  LetheEngine(String device, LstmShape shape, int threads) {
    session = network(shape).open(new Options(device, threads));
    inputs = Map.of("x", shape.input());
    outputs = session.run(inputs);
  }

  /** y of another x [T, B, I] in double precision, for any T and B. */
  static Tensor reference(LstmShape shape, Tensor x) {
    try (Session reference = network(shape).open(new Options("cpu:scalar", 0))) {
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
  public void close() {
    session.close();
  }

  /** x [T, B, I] to y [T, B, D*H]. */
  private static Network network(LstmShape shape) {
    GraphBuilder builder = new GraphBuilder();
    Value value =
        builder.input(
            "x",
            Tensor.Type.FLOAT32,
            Shape.of(Dim.symbol("time"), Dim.symbol("batch"), Dim.of(shape.inputSize())));
    for (List<LstmShape.Weights> layer : shape.weights()) {
      List<Lstm.Direction> directions = new ArrayList<>();
      for (LstmShape.Weights weights : layer) {
        directions.add(new Lstm.Direction(!directions.isEmpty(), cell(shape, weights)));
      }
      value =
          builder
              .lstm(
                  "lstm",
                  Layouts.TIME_FIRST,
                  directions,
                  value,
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty())
              .y();
    }
    return builder.output("y", value).build("lstm", "benchmark");
  }

  private static Cell cell(LstmShape shape, LstmShape.Weights weights) {
    int rows = LstmShape.GATES * shape.hiddenSize();
    return Cell.of(
        Matrix.of(rows, weights.inputSize(), weights.input()),
        Matrix.of(rows, shape.hiddenSize(), weights.recurrent()),
        Matrix.row(weights.bias()));
  }

  private static Tensor y(Map<String, Tensor> outputs) {
    return Objects.requireNonNull(outputs.get("y"));
  }
}
