package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Port;
import dev.lethe.Tensor;
import dev.lethe.Trace;
import dev.lethe.cli.plot.ColorScale;
import dev.lethe.cli.plot.Figure;
import dev.lethe.cli.plot.HeatMap;
import dev.lethe.cli.plot.Lines;
import dev.lethe.cli.plot.Panel;
import dev.lethe.network.Graph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What one sequence made the LSTM layers do, as arrays and as a figure.
 *
 * @param steps length of the sequence
 * @param layers by LAYER.DIRECTION: i, f, g, o, c and h, each [steps, width]
 * @param ports by input.NAME and output.NAME: the sequence's part
 * @param above panels of the inputs
 * @param below panels of the outputs
 */
record TracedSequence(
    int steps,
    Map<String, Map<String, Tensor>> layers,
    Map<String, Tensor> ports,
    List<Panel> above,
    List<Panel> below) {
  private static final String TIME = "time step";
  private static final Map<String, String> TITLES =
      Map.of(
          "i", "input gate i: 0 keeps the candidate out, 1 lets it in",
          "f", "forget gate f: 0 forgets the cell, 1 keeps it",
          "g", "cell candidate g",
          "o", "output gate o: 0 hides the cell, 1 shows it",
          "c", "cell c = f * c before + i * g",
          "h", "hidden value h: what the layer hands on");

  /**
   * @param all every input that was given
   * @throws InputException when the sequence has no step
   */
  static TracedSequence of(Graph graph, OneSequence one, Map<String, Tensor> all, Trace trace) {
    int steps = one.steps(all, trace.layers().get(0).h().dimension(0));
    if (steps == 0) {
      throw new InputException("--sequence: the sequence has no steps; choose another");
    }
    Map<String, Map<String, Tensor>> layers = new LinkedHashMap<>();
    for (Trace.Layer layer : trace.layers()) {
      Map<String, Tensor> arrays = new LinkedHashMap<>();
      int own = Math.min(steps, layer.h().dimension(0));
      layer.arrays().forEach((gate, array) -> arrays.put(gate, one.of(array, own)));
      layers.put(unused(plain(layer.name()), layer.direction(), layers.keySet()), arrays);
    }
    Map<String, Tensor> ports = new LinkedHashMap<>();
    List<Panel> above = new ArrayList<>();
    List<Panel> below = new ArrayList<>();
    for (Port port : graph.inputs()) {
      Tensor tensor = all.get(port.name());
      if (tensor != null) {
        Tensor part = one.ofInput(port, tensor);
        ports.put("input." + plain(port.name()), part);
        one.overTime(port, part, steps)
            .ifPresent(values -> above.add(panel("input " + port.name(), TIME, values, steps)));
      }
    }
    for (Port port : graph.outputs()) {
      Tensor tensor = Objects.requireNonNull(trace.outputs().get(port.name()), port.name());
      Tensor part = one.ofOutput(port, tensor);
      ports.put("output." + plain(port.name()), part);
      String title = "output " + port.name();
      Optional<float[]> values = one.overTime(port, part, steps);
      if (values.isPresent()) {
        below.add(panel(title, TIME, values.get(), steps));
      } else if (part.size() > 0) {
        below.add(panel(title, "element of the output", OneSequence.numbers(part), part.size()));
      }
    }
    return new TracedSequence(steps, layers, ports, above, below);
  }

  private static String unused(String name, String direction, Set<String> used) {
    String key = name + "." + direction;
    for (int n = 2; used.contains(key); n++) {
      key = name + "#" + n + "." + direction;
    }
    return key;
  }

  /** What the archive holds. */
  Map<String, Tensor> arrays() {
    Map<String, Tensor> arrays = new LinkedHashMap<>();
    layers.forEach((layer, all) -> all.forEach((gate, a) -> arrays.put(layer + "." + gate, a)));
    arrays.putAll(ports);
    return arrays;
  }

  /** A column for each direction of each layer. */
  Figure figure(String title) {
    List<Figure.Column> columns = new ArrayList<>();
    layers.forEach(
        (layer, arrays) -> {
          List<Panel> panels = new ArrayList<>(above);
          arrays.forEach((gate, array) -> panels.add(heatMap(gate, array)));
          // a network's final states and intermediate results can be many: the first is its answer
          below.stream().limit(1).forEach(panels::add);
          int units = Objects.requireNonNull(arrays.get("c"), "c").dimension(1);
          columns.add(
              new Figure.Column(layer + ": " + steps + " steps, " + units + " units", panels));
        });
    return new Figure(title, columns);
  }

  private static Panel heatMap(String gate, Tensor array) {
    float[] values = array.toFloatArray();
    boolean isGate = gate.equals("i") || gate.equals("f") || gate.equals("o");
    double most = most(values);
    ColorScale scale =
        isGate && least(values) >= 0
            ? ColorScale.sequential(0, Math.max(1, most))
            : ColorScale.diverging(gate.equals("g") ? Math.max(1, most) : most);
    String title = Objects.requireNonNull(TITLES.get(gate), gate);
    return new HeatMap(
        title,
        gate.equals("h") ? "output unit" : "hidden unit",
        TIME,
        values,
        array.dimension(1),
        scale);
  }

  private static Panel panel(String title, String axis, float[] values, int steps) {
    int count = values.length / steps;
    if (count <= Lines.MOST) {
      return new Lines(title, axis, values, count);
    }
    double most = most(values);
    ColorScale scale =
        least(values) >= 0 ? ColorScale.sequential(0, most) : ColorScale.diverging(most);
    return new HeatMap(title, "feature", axis, values, count, scale);
  }

  private static double most(float[] values) {
    double most = 0;
    for (float value : values) {
      most = Float.isFinite(value) ? Math.max(most, Math.abs(value)) : most;
    }
    return most == 0 ? 1 : most;
  }

  private static double least(float[] values) {
    double least = 0;
    for (float value : values) {
      least = Math.min(least, value);
    }
    return least;
  }

  /** Names of ONNX nodes are paths, which an archive's entries should not be. */
  private static String plain(String name) {
    String plain = name.replaceAll("^/+", "").replaceAll("[^\\w.#-]+", "_");
    return plain.isEmpty() ? "lstm" : plain;
  }
}
