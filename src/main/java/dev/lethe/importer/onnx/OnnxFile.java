package dev.lethe.importer.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.lethe.ModelFormatException;
import dev.lethe.importer.onnx.proto.ModelProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Files as the importer sees them: mapped, so that weights are copied once, on their way into a
 * network.
 */
final class OnnxFile {
  private OnnxFile() {}

  /**
   * Parses a model.
   *
   * @throws ModelFormatException when it is not a whole ONNX model
   */
  static ModelProto parse(Path file) {
    try {
      ModelProto model = ModelProto.parser().parseFrom(stream(file));
      if (!model.hasGraph()) {
        throw new ModelFormatException(file + ": not a whole ONNX model: it has no graph");
      }
      return model;
    } catch (InvalidProtocolBufferException e) {
      throw new ModelFormatException(file + ": not a whole ONNX model: " + oneLine(e), e);
    } catch (IOException e) {
      throw new ModelFormatException(file + ": cannot be read: " + oneLine(e), e);
    }
  }

  /** The file's bytes, aliased by what is parsed from them. The depth of nesting stays limited. */
  static CodedInputStream stream(Path file) throws IOException {
    ByteString bytes = UnsafeByteOperations.unsafeWrap(map(file));
    CodedInputStream stream = bytes.newCodedInput();
    stream.enableAliasing(true);
    return stream;
  }

  /** Maps a file of at most 2 GiB, the most that protocol buffers hold. */
  static ByteBuffer map(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() > Integer.MAX_VALUE) {
        throw new IOException("larger than 2 GiB; keep the weights in external data files");
      }
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
    }
  }

  static String oneLine(Exception e) {
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return message.lines().findFirst().orElse("").strip();
  }
}
