package dev.lethe.importer.onnx;

import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.proto.ModelProto;
import dev.lethe.spi.Importer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * ONNX models, opset 7 and later. A model whose LSTM layers have no sequence_lens gets an optional
 * input of that name, so that sequences of any lengths share a batch, provided that it leaves the
 * sizes of batch and time open.
 */
public final class OnnxImporter implements Importer {
  @Override
  public String formats() {
    return "ONNX (.onnx)";
  }

  @Override
  public boolean accepts(Path file) {
    return file.toString().toLowerCase(Locale.ROOT).endsWith(".onnx");
  }

  /**
   * @throws ModelFormatException when the file is damaged or holds something that Lethe does not
   *     run
   */
  @Override
  public Network read(Path file, Map<String, Tensor> constants) {
    ModelProto model = OnnxFile.parse(file);
    return new GraphReader(file, model, constants).read();
  }
}
