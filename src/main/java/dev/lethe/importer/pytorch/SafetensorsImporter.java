package dev.lethe.importer.pytorch;

import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import dev.lethe.Tensor;
import dev.lethe.spi.Importer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * The state dictionary of one torch.nn.LSTM or LSTMCell in a safetensors file; with a JSON
 * description beside it, also an embedding and linear layers. Inputs X, sequence_lens, initial_h
 * and initial_c, outputs Y, Y_h and Y_c, shaped as PyTorch does; batch first unless the description
 * or the file's metadata say {@code "batch_first": "false"}.
 */
public final class SafetensorsImporter implements Importer {
  @Override
  public String formats() {
    return "PyTorch LSTM state dictionaries (.safetensors)";
  }

  @Override
  public boolean accepts(Path file) {
    return file.toString().toLowerCase(Locale.ROOT).endsWith(".safetensors");
  }

  /**
   * Reads the file.
   *
   * @param constants ignored: all weights are in the file
   * @throws ModelFormatException when the file is damaged or holds something else than one LSTM and
   *     what the description names
   */
  @Override
  public Network read(Path file, Map<String, Tensor> constants) {
    return StateDictNetwork.of(Safetensors.open(file));
  }
}
