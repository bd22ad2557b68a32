package dev.lethe.importer.pytorch;

import dev.lethe.ModelFormatException;
import dev.lethe.network.Cell;
import dev.lethe.network.Matrix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The weights of one torch.nn.LSTM. PyTorch stacks gates i, f, g, o, as {@link Cell} does, and
 * keeps two biases, of which a cell has the sum.
 */
final class LstmTensors {
  private static final Pattern NAME =
      Pattern.compile(
          "(.*?)(weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)_l(\\d{1,4})(_reverse)?");

  private final Path file;
  private final Safetensors tensors;
  private final String prefix;
  private final int layers;
  private final int directions;

  private LstmTensors(Path file, Safetensors tensors, String prefix, int layers, int directions) {
    this.file = file;
    this.tensors = tensors;
    this.prefix = prefix;
    this.layers = layers;
    this.directions = directions;
  }

  /**
   * Finds the one LSTM in a state dictionary, whatever it is called there.
   *
   * @throws ModelFormatException when there is none, more than one, or something else beside it
   */
  static LstmTensors find(Path file, Safetensors tensors) {
    Set<String> prefixes = new TreeSet<>();
    Set<Integer> layers = new TreeSet<>();
    Set<String> others = new TreeSet<>();
    boolean reverse = false;
    for (String name : tensors.names()) {
      Matcher matcher = NAME.matcher(name);
      if (matcher.matches()) {
        prefixes.add(matcher.group(1));
        layers.add(Integer.parseInt(matcher.group(3)));
        reverse |= matcher.group(4) != null;
      } else {
        others.add(name);
      }
    }
    if (prefixes.size() != 1) {
      throw new ModelFormatException(
          file
              + ": "
              + (prefixes.isEmpty()
                  ? "no tensor is named like one of"
                  : "more than one LSTM: " + prefixes + "; Lethe reads the state dictionary of one")
              + " torch.nn.LSTM (weight_ih_l0 ...)");
    }
    if (!others.isEmpty()) {
      throw new ModelFormatException(
          file
              + ": tensors "
              + others
              + " belong to no LSTM; Lethe reads the state dictionary of one torch.nn.LSTM"
              + " alone, export anything else as ONNX");
    }
    return new LstmTensors(
        file, tensors, prefixes.iterator().next(), layers.size(), reverse ? 2 : 1);
  }

  int layers() {
    return layers;
  }

  int directions() {
    return directions;
  }

  /**
   * @throws ModelFormatException when a weight is missing or does not fit the others
   */
  Cell cell(int layer, boolean reverse) {
    String suffix = "_l" + layer + (reverse ? "_reverse" : "");
    Matrix input = required("weight_ih" + suffix);
    Matrix recurrent = required("weight_hh" + suffix);
    Matrix projection = optional("weight_hr" + suffix).orElse(Matrix.empty());
    try {
      return Cell.of(input, recurrent, bias(suffix, input.rows()), projection);
    } catch (IllegalArgumentException e) {
      throw new ModelFormatException(
          file + ": '" + prefix + "*" + suffix + "': " + e.getMessage(), e);
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
    return tensors.entries().containsKey(prefix + name)
        ? Optional.of(tensors.matrix(prefix + name))
        : Optional.empty();
  }

  private Matrix required(String name) {
    return optional(name)
        .orElseThrow(
            () -> new ModelFormatException(file + ": tensor '" + prefix + name + "' is missing"));
  }
}
