package dev.lethe;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything that the LSTM layers of a run computed on the way to its outputs. T time steps, B
 * sequences, H hidden size, P output size (H but for a layer with a projection).
 *
 * @param outputs every output by name, in the network's order, with the bits of {@link
 *     Session#run(Map)}
 * @param layers each direction of each layer, in the order in which they run
 */
public record Trace(Map<String, Tensor> outputs, List<Layer> layers) {
  /**
   * Copies; outputs keep their order.
   *
   * @param outputs every output by name
   * @param layers each direction of each layer
   */
  public Trace {
    outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
    layers = List.copyOf(layers);
  }

  /**
   * One direction of one layer:
   *
   * <pre>  c[t] = f[t] * c[t-1] + i[t] * g[t]    h[t] = o[t] * tanh(c[t])</pre>
   *
   * <p>Step t stands at t, in a reverse direction too, where it is computed after step t + 1. The
   * gates are what comes out of their functions. Past a sequence's end there are zeros. Where a
   * mask of Keras leaves a step out, gates and c have zeros, and h what it had before; the formula
   * then goes on from the last step that was not left out.
   *
   * @param name of the layer, unique within its network
   * @param reverse whether the direction runs from each sequence's last step to its first
   * @param i input gate [T, B, H]
   * @param f forget gate [T, B, H]
   * @param g cell gate, the candidate [T, B, H]
   * @param o output gate [T, B, H]
   * @param c cell [T, B, H]
   * @param h hidden value, what the layer hands on [T, B, P]
   */
  public record Layer(
      String name, boolean reverse, Tensor i, Tensor f, Tensor g, Tensor o, Tensor c, Tensor h) {
    /** {@return the arrays as i, f, g, o, c and h, in this order} */
    public Map<String, Tensor> arrays() {
      Map<String, Tensor> arrays = new LinkedHashMap<>();
      arrays.put("i", i);
      arrays.put("f", f);
      arrays.put("g", g);
      arrays.put("o", o);
      arrays.put("c", c);
      arrays.put("h", h);
      return arrays;
    }

    /** {@return {@code reverse} or {@code forward}} */
    public String direction() {
      return reverse ? "reverse" : "forward";
    }
  }
}
