package dev.lethe.importer.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.lethe.ModelFormatException;
import dev.lethe.importer.onnx.proto.ModelProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files as the importer sees them: what is parsed from one shares its bytes. */
final class OnnxFile {
  /** The longest array of every virtual machine. */
  private static final int MOST_BYTES = Integer.MAX_VALUE - 8;

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

  /**
   * The file's bytes, aliased by what is parsed from them. The depth of nesting stays limited. Read
   * rather than mapped: protocol buffers decode what is mapped by addresses, and in 4.33 a length
   * near 2^31 made them read on behind its end.
   *
   * @throws IOException also for a file of 2 GiB or more, which protocol buffers do not hold
   */
  static CodedInputStream stream(Path file) throws IOException {
    if (Files.size(file) > MOST_BYTES) {
      throw new IOException("larger than 2 GiB; keep the weights in external data files");
    }
    ByteString bytes = UnsafeByteOperations.unsafeWrap(Files.readAllBytes(file));
    CodedInputStream stream = bytes.newCodedInput();
    stream.enableAliasing(true);
    return stream;
  }

  static String oneLine(Exception e) {
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return message.lines().findFirst().orElse("").strip();
  }
}
