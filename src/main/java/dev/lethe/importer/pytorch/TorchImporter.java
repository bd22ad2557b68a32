package dev.lethe.importer.pytorch;

import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import dev.lethe.Tensor;
import dev.lethe.spi.Importer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * The same state dictionaries as {@link SafetensorsImporter}'s, in files of torch.save. Their
 * pickles are read as data; nothing in them is executed.
 */
public final class TorchImporter implements Importer {
  @Override
  public String formats() {
    return "PyTorch LSTM state dictionaries (.pt, .pth)";
  }

  @Override
  public boolean accepts(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".pt") || name.endsWith(".pth");
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
    return StateDictNetwork.of(TorchFile.open(file));
  }
}
