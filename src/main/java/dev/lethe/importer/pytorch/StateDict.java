package dev.lethe.importer.pytorch;

import dev.lethe.ModelFormatException;
import dev.lethe.network.Matrix;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Tensors by name, as torch.nn.Module.state_dict() gives them, whatever file they lie in. */
interface StateDict {
  /** Where they lie, for messages. */
  Path file();

  /** The file format, for people. */
  String format();

  /** Names in the file's order. */
  List<String> names();

  /** Whether there is a tensor of this name. */
  boolean has(String name);

  /**
   * A tensor of one or two axes as single precision; one axis becomes one row.
   *
   * @throws ModelFormatException when its type is another or its bytes do not fill its shape
   */
  Matrix matrix(String name);

  /** What the file says about itself, by key. */
  Map<String, String> metadata();
}
