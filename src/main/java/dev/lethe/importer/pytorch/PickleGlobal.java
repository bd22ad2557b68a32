package dev.lethe.importer.pytorch;

import dev.lethe.ModelFormatException;
import java.util.Map;

/** The names from Python that the pickle of a dictionary of tensors needs. */
enum PickleGlobal {
  ORDERED_DICT("collections.OrderedDict"),
  REBUILD_TENSOR("torch._utils._rebuild_tensor_v2"),
  REBUILD_PARAMETER("torch._utils._rebuild_parameter"),
  FLOAT_STORAGE("torch.FloatStorage"),
  DOUBLE_STORAGE("torch.DoubleStorage"),
  HALF_STORAGE("torch.HalfStorage"),
  BFLOAT16_STORAGE("torch.BFloat16Storage");

  /** What makes a file that Lethe reads. */
  static final String ADVICE = "save the tensors alone: torch.save(model.state_dict(), FILE)";

  /** The opcodes that {@link TensorPickle} does not know, as Python's pickletools calls them. */
  private static final Map<Integer, String> OTHER_OPCODES =
      Map.ofEntries(
          Map.entry((int) 'I', "INT"),
          Map.entry((int) 'L', "LONG"),
          Map.entry(0x8b, "LONG4"),
          Map.entry((int) 'S', "STRING"),
          Map.entry((int) 'T', "BINSTRING"),
          Map.entry((int) 'U', "SHORT_BINSTRING"),
          Map.entry((int) 'B', "BINBYTES"),
          Map.entry((int) 'C', "SHORT_BINBYTES"),
          Map.entry(0x8e, "BINBYTES8"),
          Map.entry(0x96, "BYTEARRAY8"),
          Map.entry(0x97, "NEXT_BUFFER"),
          Map.entry(0x98, "READONLY_BUFFER"),
          Map.entry((int) 'V', "UNICODE"),
          Map.entry(0x8c, "SHORT_BINUNICODE"),
          Map.entry(0x8d, "BINUNICODE8"),
          Map.entry((int) 'F', "FLOAT"),
          Map.entry((int) ']', "EMPTY_LIST"),
          Map.entry((int) 'a', "APPEND"),
          Map.entry((int) 'e', "APPENDS"),
          Map.entry((int) 'l', "LIST"),
          Map.entry((int) 'd', "DICT"),
          Map.entry(0x8f, "EMPTY_SET"),
          Map.entry(0x90, "ADDITEMS"),
          Map.entry(0x91, "FROZENSET"),
          Map.entry((int) '0', "POP"),
          Map.entry((int) '2', "DUP"),
          Map.entry((int) '1', "POP_MARK"),
          Map.entry((int) 'g', "GET"),
          Map.entry((int) 'p', "PUT"),
          Map.entry(0x94, "MEMOIZE"),
          Map.entry(0x82, "EXT1"),
          Map.entry(0x83, "EXT2"),
          Map.entry(0x84, "EXT4"),
          Map.entry(0x93, "STACK_GLOBAL"),
          Map.entry((int) 'i', "INST"),
          Map.entry((int) 'o', "OBJ"),
          Map.entry(0x81, "NEWOBJ"),
          Map.entry(0x92, "NEWOBJ_EX"),
          Map.entry(0x95, "FRAME"),
          Map.entry((int) 'P', "PERSID"));

  private final String pythonName;

  PickleGlobal(String pythonName) {
    this.pythonName = pythonName;
  }

  String pythonName() {
    return pythonName;
  }

  /**
   * The one of this name.
   *
   * @param where file and entry, for messages
   * @throws ModelFormatException when a dictionary of tensors does not need it
   */
  static PickleGlobal named(String name, String where) {
    for (PickleGlobal global : values()) {
      if (global.pythonName.equals(name)) {
        return global;
      }
    }
    throw new ModelFormatException(
        where
            + ": the pickle names "
            + TensorPickle.printable(name)
            + ", which is no part of a dictionary of floating-point tensors; nothing of it was"
            + " executed; "
            + ADVICE);
  }

  /**
   * The type of number, where this is a type of storage.
   *
   * @throws ModelFormatException when it is not
   */
  Storage.Type storage(String where) {
    return switch (this) {
      case FLOAT_STORAGE -> Storage.Type.FLOAT;
      case DOUBLE_STORAGE -> Storage.Type.DOUBLE;
      case HALF_STORAGE -> Storage.Type.HALF;
      case BFLOAT16_STORAGE -> Storage.Type.BFLOAT16;
      default ->
          throw new ModelFormatException(
              where + ": the pickle uses " + pythonName + " as a type of storage");
    };
  }

  /** For people. */
  static String opcodeName(int opcode) {
    return OTHER_OPCODES.getOrDefault(opcode, String.format("0x%02x", opcode));
  }
}
