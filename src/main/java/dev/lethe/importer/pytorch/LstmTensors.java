package dev.lethe.importer.pytorch;

import dev.lethe.ModelFormatException;
import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The weights of one torch.nn.LSTM, or of one torch.nn.LSTMCell, whose names have no {@code _l0}.
 * PyTorch stacks gates i, f, g, o, as {@link Cell} does, and keeps two biases, of which a cell has
 * the sum.
 */
final class LstmTensors {
  private static final Pattern NAME =
      Pattern.compile(
          "(.*?)(weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)(?:_l(\\d{1,4})(_reverse)?)?");

  private final StateDict tensors;
  private final String prefix;
  private final boolean single;
  private final int layers;
  private final int directions;
  private final Set<String> used = new HashSet<>();

  private LstmTensors(
      StateDict tensors, String prefix, boolean single, int layers, int directions) {
    this.tensors = tensors;
    this.prefix = prefix;
    this.single = single;
    this.layers = layers;
    this.directions = directions;
  }

  /**
   * Finds one LSTM in a state dictionary.
   *
   * @param module its name there; empty where it is the only one, whatever it is called
   * @throws ModelFormatException when there is none, or more than one to choose from
   */
  static LstmTensors find(StateDict tensors, Optional<String> module) {
    String prefix =
        module.map(name -> name.isEmpty() ? "" : name + ".").orElseGet(() -> onlyPrefix(tensors));
    Set<Integer> layers = new TreeSet<>();
    boolean single = false;
    boolean reverse = false;
    for (String name : tensors.names()) {
      Matcher matcher = NAME.matcher(name);
      if (matcher.matches() && matcher.group(1).equals(prefix)) {
        single |= matcher.group(3) == null;
        layers.add(matcher.group(3) == null ? 0 : Integer.parseInt(matcher.group(3)));
        reverse |= matcher.group(4) != null;
      }
    }
    if (layers.isEmpty()) {
      throw new ModelFormatException(
          tensors.file() + ": no tensor '" + prefix + "weight_ih_l0': there is no such LSTM");
    }
    return new LstmTensors(tensors, prefix, single, layers.size(), reverse ? 2 : 1);
  }

  private static String onlyPrefix(StateDict tensors) {
    Set<String> prefixes = new TreeSet<>();
    for (String name : tensors.names()) {
      Matcher matcher = NAME.matcher(name);
      if (matcher.matches()) {
        prefixes.add(matcher.group(1));
      }
    }
    if (prefixes.isEmpty()) {
      throw new ModelFormatException(
          tensors.file()
              + ": no tensor is named like one of torch.nn.LSTM (weight_ih_l0 ...) or"
              + " torch.nn.LSTMCell (weight_ih ...)");
    }
    if (prefixes.size() > 1) {
      throw new ModelFormatException(
          tensors.file()
              + ": more than one LSTM: "
              + prefixes
              + "; Lethe reads the state dictionary of one, which a description beside the file"
              + " names: "
              + ModelDescription.HINT);
    }
    return prefixes.iterator().next();
  }

  /** From the first to the last; each one direction or two. */
  List<List<Lstm.Direction>> layers() {
    List<List<Lstm.Direction>> all = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      List<Lstm.Direction> pair = new ArrayList<>();
      for (int direction = 0; direction < directions; direction++) {
        pair.add(new Lstm.Direction(direction == 1, cell(layer, direction == 1)));
      }
      all.add(pair);
    }
    return all;
  }

  /** Names of the tensors that {@link #layers} took. */
  Set<String> used() {
    return Set.copyOf(used);
  }

  /**
   * Reads the weights of one cell.
   *
   * @throws ModelFormatException when a weight is missing or does not fit the others
   */
  private Cell cell(int layer, boolean reverse) {
    String suffix = single ? "" : "_l" + layer + (reverse ? "_reverse" : "");
    Matrix input = required("weight_ih" + suffix);
    Matrix recurrent = required("weight_hh" + suffix);
    Matrix projection = optional("weight_hr" + suffix).orElse(Matrix.empty());
    try {
      return Cell.of(input, recurrent, bias(suffix, input.rows()), projection);
    } catch (IllegalArgumentException e) {
      throw new ModelFormatException(
          tensors.file()
              + ": '"
              + prefix
              + "weight_ih"
              + suffix
              + "' and those beside it are no LSTM's (a GRU has 3*hidden rows, an LSTM 4*hidden): "
              + e.getMessage(),
          e);
    }
  }

  private Matrix bias(String suffix, int rows) {
    List<Matrix> parts = new ArrayList<>();
    optional("bias_ih" + suffix).ifPresent(parts::add);
    optional("bias_hh" + suffix).ifPresent(parts::add);
    float[] sum = new float[rows];
    for (Matrix part : parts) {
      if (part.rows() != 1 || part.columns() != rows) {
        throw new IllegalArgumentException("a bias must be [" + rows + "], is " + part);
      }
      for (int k = 0; k < rows; k++) {
        sum[k] += part.at(0, k);
      }
    }
    return Matrix.row(sum);
  }

  private Optional<Matrix> optional(String name) {
    if (!tensors.has(prefix + name)) {
      return Optional.empty();
    }
    used.add(prefix + name);
    return Optional.of(tensors.matrix(prefix + name));
  }

  private Matrix required(String name) {
    return optional(name)
        .orElseThrow(
            () ->
                new ModelFormatException(
                    tensors.file() + ": tensor '" + prefix + name + "' is missing"));
  }
}
