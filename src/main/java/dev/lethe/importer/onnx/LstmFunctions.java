package dev.lethe.importer.onnx;

import dev.lethe.network.ActivationFunction;
import dev.lethe.network.ActivationFunction.Kind;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reads the activation functions of the ONNX operator LSTM: three for each direction (f of the
 * gates, g of the candidate, h of the cell). Values of activation_alpha and activation_beta go, in
 * order, to the functions that have such a parameter; a function for which none is left has its
 * default.
 */
final class LstmFunctions {
  private static final float NONE = Float.NaN;

  /** Parameters' defaults; NaN where the function has no such parameter. */
  private record Defaults(Kind kind, float alpha, float beta) {}

  private static final Map<String, Defaults> KNOWN =
      Map.ofEntries(
          Map.entry("relu", new Defaults(Kind.RELU, NONE, NONE)),
          Map.entry("tanh", new Defaults(Kind.TANH, NONE, NONE)),
          Map.entry("sigmoid", new Defaults(Kind.SIGMOID, NONE, NONE)),
          Map.entry("affine", new Defaults(Kind.AFFINE, 1, 0)),
          Map.entry("leakyrelu", new Defaults(Kind.LEAKY_RELU, 0.01f, NONE)),
          Map.entry("thresholdedrelu", new Defaults(Kind.THRESHOLDED_RELU, 1, NONE)),
          Map.entry("scaledtanh", new Defaults(Kind.SCALED_TANH, 1, 1)),
          Map.entry("hardsigmoid", new Defaults(Kind.HARD_SIGMOID, 0.2f, 0.5f)),
          Map.entry("elu", new Defaults(Kind.ELU, 1, NONE)),
          Map.entry("softsign", new Defaults(Kind.SOFTSIGN, NONE, NONE)),
          Map.entry("softplus", new Defaults(Kind.SOFTPLUS, NONE, NONE)));

  private LstmFunctions() {}

  /**
   * @param names three for each direction, in any case; empty for Sigmoid, Tanh, Tanh
   * @throws IllegalArgumentException for an unknown name, a wrong number of names or too many
   *     parameters
   */
  static List<ActivationFunction> read(
      List<String> names, List<Float> alphas, List<Float> betas, int directions) {
    List<ActivationFunction> functions = new ArrayList<>();
    if (names.isEmpty()) {
      names =
          List.of("sigmoid", "tanh", "tanh", "sigmoid", "tanh", "tanh").subList(0, 3 * directions);
    }
    if (names.size() != 3 * directions) {
      throw new IllegalArgumentException(
          "names " + names.size() + " activations; needs " + 3 * directions);
    }
    Iterator<Float> alpha = alphas.iterator();
    Iterator<Float> beta = betas.iterator();
    for (String name : names) {
      Defaults known = KNOWN.get(name.toLowerCase(Locale.ROOT));
      if (known == null) {
        throw new IllegalArgumentException(
            "has activation '" + name + "', which Lethe does not know");
      }
      functions.add(
          new ActivationFunction(
              known.kind(), next(known.alpha(), alpha), next(known.beta(), beta)));
    }
    if (alpha.hasNext() || beta.hasNext()) {
      throw new IllegalArgumentException(
          "has more values of activation_alpha or _beta than activations take");
    }
    return functions;
  }

  private static float next(float fallback, Iterator<Float> given) {
    if (Float.isNaN(fallback)) {
      return 0;
    }
    return given.hasNext() ? given.next() : fallback;
  }
}
