package dev.lethe.importer.onnx;

import dev.lethe.Tensor;
import dev.lethe.importer.onnx.proto.AttributeProto;
import dev.lethe.importer.onnx.proto.ModelProto;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.StringJoiner;

/**
 * A small ONNX model of one LSTM or two, every option drawn from a seed, and a batch for it.
 *
 * @param seed all that it takes to have the model again
 * @param options what was drawn, for people
 * @param model the model
 * @param inputs by name
 */
record RandomModel(long seed, String options, ModelProto model, Map<String, Tensor> inputs) {
  static RandomModel of(long seed) {
    return new Draw(seed).draw();
  }

  @Override
  public String toString() {
    return "seed " + seed + ": " + options;
  }

  /**
   * An activation of the operator LSTM.
   *
   * <p>{@code alpha} and {@code beta}: whether it has that parameter; {@code low} and {@code high}:
   * from where to where alpha is drawn; {@code unbounded}: whether it lets c and h grow, so that
   * weights must be small; {@code defaults}: whether both sides have the same default parameters.
   */
  private enum Function {
    Sigmoid(false, false, 0, 0, false, true),
    Tanh(false, false, 0, 0, false, true),
    Softsign(false, false, 0, 0, false, true),
    HardSigmoid(true, true, 0.1f, 0.4f, false, true),
    ScaledTanh(true, true, 0.5f, 1.2f, false, false),
    Relu(false, false, 0, 0, true, true),
    Softplus(false, false, 0, 0, true, true),
    LeakyRelu(true, false, 0.05f, 0.3f, true, true),
    Elu(true, false, 0.5f, 1.2f, true, true),
    Affine(true, true, 0.3f, 0.6f, true, false),
    ThresholdedRelu(true, false, 0.1f, 0.5f, true, false);

    final boolean alpha;
    final boolean beta;
    final float low;
    final float high;
    final boolean unbounded;
    final boolean defaults;

    Function(
        boolean alpha, boolean beta, float low, float high, boolean unbounded, boolean defaults) {
      this.alpha = alpha;
      this.beta = beta;
      this.low = low;
      this.high = high;
      this.unbounded = unbounded;
      this.defaults = defaults;
    }
  }

  /** One model being drawn. */
  private static final class Draw {
    /** Around the widths of vectors and tiles. */
    private static final int[] AWKWARD = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 39, 40};

    private final long seed;
    private final Random random;
    private final int opset;
    private final Models models;
    private final StringJoiner options = new StringJoiner(", ");
    private final Map<String, Tensor> inputs = new LinkedHashMap<>();
    private final int directions;
    private final String direction;
    private final List<List<Function>> functions = new ArrayList<>();
    private final boolean openSizes;
    private final boolean lengths;
    private int steps;
    private int batch;

    Draw(long seed) {
      this.seed = seed;
      random = new Random(seed);
      random.nextInt(); // the first draws of neighbouring seeds are alike
      opset = 7 + random.nextInt(16);
      models = new Models(opset);
      direction = pick("forward", "reverse", "bidirectional");
      directions = direction.equals("bidirectional") ? 2 : 1;
      openSizes = random.nextBoolean();
      lengths = random.nextBoolean();
    }

    RandomModel draw() {
      options.add("opset " + opset).add(direction);
      int layers = chance(0.25f) ? 2 : 1;
      for (int layer = 0; layer < layers; layer++) {
        functions.add(functions());
      }
      // A jump turns a rounding error into a difference: the fewer values, the less likely.
      boolean jumps = functions.stream().anyMatch(f -> f.contains(Function.ThresholdedRelu));
      steps = 1 + random.nextInt(jumps ? 3 : 12);
      batch = 1 + random.nextInt(jumps ? 3 : 9);
      int features = size(jumps);
      boolean batchFirst = chance(0.3f);
      boolean dense = chance(0.3f);
      options.add("T " + steps + " B " + batch + " I " + features);
      String x = input(features, batchFirst);
      if (lengths) {
        addLengths();
      }
      int hidden = size(jumps);
      for (int layer = 0; layer < layers - 1; layer++) {
        lstm(layer, x, features, hidden, List.of("Y" + layer, "", ""));
        x = merged("Y" + layer, hidden);
        features = directions * hidden;
        hidden = size(jumps);
      }
      last(layers - 1, x, features, hidden, batchFirst, dense);
      return new RandomModel(seed, options.toString(), models.build(), inputs);
    }

    /** X, turned to time-major where it is batch-major, as PyTorch's exporter does. */
    private String input(int features, boolean batchFirst) {
      Object time = openSizes ? "time" : steps;
      Object rows = openSizes ? "batch" : batch;
      options.add(openSizes ? "open sizes" : "fixed sizes");
      float[] values = uniform(1, steps * batch * features);
      if (!batchFirst) {
        models.input("X", time, rows, features);
        inputs.put("X", Tensor.of(values, steps, batch, features));
        return "X";
      }
      options.add("batch first");
      models.input("X", rows, time, features);
      inputs.put("X", Tensor.of(values, batch, steps, features));
      models.node("Transpose", List.of("X"), List.of("XT"), Models.list("perm", 1, 0, 2));
      return "XT";
    }

    /**
     * From 0 to T, but not all 0: ONNX Runtime clears Y_c of an empty sequence within its loop over
     * the steps, which it then does not enter.
     */
    private void addLengths() {
      int[] values = new int[batch];
      for (int b = 0; b < batch; b++) {
        values[b] = random.nextInt(steps + 1);
      }
      values[random.nextInt(batch)] = 1 + random.nextInt(steps);
      models.lengthsInput("sequence_lens", openSizes ? "batch" : batch);
      inputs.put("sequence_lens", Tensor.of(values, batch));
      options.add("sequence_lens " + Arrays.toString(values));
    }

    /** The last layer and what stands behind it. */
    private void last(
        int layer, String x, int features, int hidden, boolean batchFirst, boolean dense) {
      boolean behind = batchFirst || dense;
      int subset = 1 + random.nextInt(7);
      boolean y = behind || (subset & 1) != 0;
      List<String> names =
          List.of(y ? "Y" : "", (subset & 2) != 0 ? "Y_h" : "", (subset & 4) != 0 ? "Y_c" : "");
      lstm(layer, x, features, hidden, names);
      names.stream()
          .filter(n -> !n.isEmpty() && !(behind && n.equals("Y")))
          .forEach(models::output);
      options.add("outputs " + names);
      if (behind) {
        models.output(behind(merged("Y", hidden), directions * hidden, batchFirst, dense));
      }
    }

    private String behind(String y, int width, boolean batchFirst, boolean dense) {
      if (dense) {
        int outputs = size(true);
        options.add("dense " + outputs);
        models
            .floats("DW", uniform(bound(width, false), width * outputs), width, outputs)
            .floats("DB", uniform(1, outputs), outputs)
            .node("MatMul", List.of(y, "DW"), List.of("product"))
            .node("Add", List.of("product", "DB"), List.of("dense"));
        y = "dense";
      }
      if (batchFirst) {
        models.node("Transpose", List.of(y), List.of("out"), Models.list("perm", 1, 0, 2));
        y = "out";
      }
      return y;
    }

    /** Y [T, D, B, H] as [T, B, D*H]. */
    private String merged(String y, int hidden) {
      String merged = y + "_merged";
      if (directions == 2) {
        String turned = y + "_turned";
        models
            .node("Transpose", List.of(y), List.of(turned), Models.list("perm", 0, 2, 1, 3))
            .integers(y + "_shape", 0, 0, 2L * hidden)
            .node("Reshape", List.of(turned, y + "_shape"), List.of(merged));
      } else if (opset < 13) {
        models.node("Squeeze", List.of(y), List.of(merged), Models.list("axes", 1));
      } else {
        models.integers(y + "_axis", 1).node("Squeeze", List.of(y, y + "_axis"), List.of(merged));
      }
      return merged;
    }

    private void lstm(int layer, String x, int features, int hidden, List<String> outputs) {
      boolean unbounded = functions.get(layer).stream().anyMatch(f -> f.unbounded);
      float bound = bound(hidden, unbounded);
      options.add((layer > 0 ? "then " : "") + "H " + hidden);
      List<String> names = new ArrayList<>(List.of(x));
      names.add(weights("W" + layer, bound, directions, 4 * hidden, features));
      names.add(weights("R" + layer, bound, directions, 4 * hidden, hidden));
      names.add(maybe("B") ? weights("B" + layer, 0.5f, directions, 8 * hidden) : "");
      names.add(lengths ? "sequence_lens" : "");
      names.add(state("initial_h", layer, hidden));
      names.add(state("initial_c", layer, hidden));
      names.add(maybe("P") ? weights("P" + layer, bound, directions, 3 * hidden) : "");
      while (names.get(names.size() - 1).isEmpty()) {
        names.remove(names.size() - 1);
      }
      models.node("LSTM", names, outputs, attributes(layer, hidden).toArray(AttributeProto[]::new));
    }

    private List<AttributeProto> attributes(int layer, int hidden) {
      List<AttributeProto> attributes = new ArrayList<>();
      attributes.add(Models.attribute("hidden_size", hidden));
      if (!direction.equals("forward") || random.nextBoolean()) {
        attributes.add(Models.attribute("direction", direction));
      }
      if (chance(0.3f)) {
        float clip = between(0.2f, 1.5f);
        attributes.add(Models.attribute("clip", clip));
        options.add("clip " + clip);
      }
      if (chance(0.3f)) {
        attributes.add(Models.attribute("input_forget", 1));
        options.add("input_forget");
      }
      if (opset >= 14 && random.nextBoolean()) {
        attributes.add(Models.attribute("layout", 0));
      }
      addFunctions(attributes, functions.get(layer));
      return attributes;
    }

    /** Three for each direction, or none for the defaults. */
    private List<Function> functions() {
      List<Function> drawn = new ArrayList<>();
      if (chance(0.5f)) {
        for (int k = 0; k < 3 * directions; k++) {
          drawn.add(pick(Function.values()));
        }
      }
      return drawn;
    }

    private void addFunctions(List<AttributeProto> attributes, List<Function> drawn) {
      if (drawn.isEmpty()) {
        return;
      }
      boolean lowerCase = random.nextBoolean();
      String[] names =
          drawn.stream()
              .map(f -> lowerCase ? f.name().toLowerCase(Locale.ROOT) : f.name())
              .toArray(String[]::new);
      attributes.add(Models.texts("activations", names));
      options.add("activations " + String.join(" ", names));
      if (drawn.stream().allMatch(f -> f.defaults) && random.nextBoolean()) {
        return;
      }
      List<Float> alphas = new ArrayList<>();
      List<Float> betas = new ArrayList<>();
      for (Function f : drawn) {
        if (f.alpha) {
          alphas.add(between(f.low, f.high));
        }
        if (f.beta) {
          betas.add(between(0.3f, 0.6f));
        }
      }
      addReals(attributes, "activation_alpha", alphas);
      addReals(attributes, "activation_beta", betas);
    }

    private void addReals(List<AttributeProto> attributes, String name, List<Float> values) {
      if (!values.isEmpty()) {
        float[] reals = new float[values.size()];
        for (int k = 0; k < reals.length; k++) {
          reals[k] = values.get(k);
        }
        attributes.add(Models.reals(name, reals));
        options.add(name + " " + values);
      }
    }

    /**
     * An initial state, as an input or a constant. A sequence of length 0 keeps it in Lethe and
     * loses it in ONNX Runtime, so where there are such sequences there is none.
     */
    private String state(String what, int layer, int hidden) {
      boolean empty =
          lengths && Arrays.stream(inputs.get("sequence_lens").toIntArray()).anyMatch(n -> n == 0);
      if (empty || !maybe(what)) {
        return "";
      }
      String name = what + layer;
      float[] values = uniform(1, directions * batch * hidden);
      if (!openSizes && random.nextBoolean()) {
        models.floats(name, values, directions, batch, hidden);
        return name;
      }
      models.input(name, directions, openSizes ? "batch" : batch, hidden);
      inputs.put(name, Tensor.of(values, directions, batch, hidden));
      return name;
    }

    private String weights(String name, float bound, int... dims) {
      int count = 1;
      long[] shape = new long[dims.length];
      for (int k = 0; k < dims.length; k++) {
        count *= dims[k];
        shape[k] = dims[k];
      }
      models.floats(name, uniform(bound, count), shape);
      return name;
    }

    private boolean maybe(String what) {
      boolean there = random.nextBoolean();
      if (there) {
        options.add(what);
      }
      return there;
    }

    private static float bound(int width, boolean unbounded) {
      return (float) ((unbounded ? 0.3 : 1) / Math.sqrt(width));
    }

    private int size(boolean small) {
      if (small) {
        return 1 + random.nextInt(8);
      }
      return random.nextBoolean()
          ? AWKWARD[random.nextInt(AWKWARD.length)]
          : 1 + random.nextInt(40);
    }

    private boolean chance(float share) {
      return random.nextFloat() < share;
    }

    private float between(float low, float high) {
      return low + (high - low) * random.nextFloat();
    }

    private float[] uniform(float bound, int count) {
      float[] values = new float[count];
      for (int k = 0; k < count; k++) {
        values[k] = between(-bound, bound);
      }
      return values;
    }

    @SafeVarargs
    private <V> V pick(V... values) {
      return values[random.nextInt(values.length)];
    }
  }
}
