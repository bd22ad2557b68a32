package dev.lethe.importer.pytorch;

import dev.lethe.ModelFormatException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The pickle in a file of torch.save, as far as it is a dictionary of tensors. A pickle is a
 * program for a stack machine that may name any Python function; this one knows the opcodes and the
 * {@link PickleGlobal globals} of such dictionaries and refuses every other by its name. Nothing
 * that the file names is ever executed.
 *
 * <p>On the stack: {@link String}, {@link Long}, {@link Double}, {@link Boolean}, {@link #NONE},
 * {@link List} for a tuple, {@link Dict}, {@link PickleGlobal}, {@link Storage}, {@link
 * Storage.View}. Containers may contain themselves, so none is ever walked through.
 */
final class TensorPickle {
  private static final Object NONE = new Object();

  /** PyTorch's own limit. A shape is copied for each tensor that recalls it. */
  private static final int MOST_AXES = 64;

  private final ByteBuffer bytes;
  private final String where;
  private final List<Object> stack = new ArrayList<>();
  private final Deque<Integer> marks = new ArrayDeque<>();
  private final Map<Integer, Object> memo = new HashMap<>();

  /** A Python dictionary whose keys are text. */
  private static final class Dict {
    private final Map<String, Object> items = new LinkedHashMap<>();
  }

  private TensorPickle(byte[] bytes, String where) {
    this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    this.where = where;
  }

  /**
   * Reads the dictionary.
   *
   * @param where file and entry, for messages
   * @return tensors by name, in the pickle's order
   * @throws ModelFormatException when it is damaged or holds anything else
   */
  static Map<String, Storage.View> read(byte[] bytes, String where) {
    TensorPickle pickle = new TensorPickle(bytes, where);
    try {
      return pickle.tensors(pickle.load());
    } catch (BufferUnderflowException e) {
      throw pickle.error("ends early");
    }
  }

  private Map<String, Storage.View> tensors(Object whole) {
    if (!(whole instanceof Dict dict)) {
      throw error("holds " + kind(whole) + ", not a dictionary of tensors; " + PickleGlobal.ADVICE);
    }
    Map<String, Storage.View> tensors = new LinkedHashMap<>();
    dict.items.forEach(
        (name, value) -> {
          if (!(value instanceof Storage.View view)) {
            throw error(
                "'"
                    + printable(name)
                    + "' is "
                    + kind(value)
                    + ", not a tensor; "
                    + PickleGlobal.ADVICE);
          }
          tensors.put(name, view);
        });
    return tensors;
  }

  private Object load() {
    while (true) {
      int opcode = byteValue();
      if (opcode == '.') {
        return pop();
      }
      step(opcode);
    }
  }

  private void step(int opcode) {
    switch (opcode) {
      case 0x80 -> protocol(byteValue());
      case '}' -> push(new Dict());
      case ')' -> push(List.of());
      case '(' -> marks.push(stack.size());
      case 't' -> push(popToMark());
      case 0x85, 0x86, 0x87 -> push(popLast(opcode - 0x84));
      case 'c' -> push(PickleGlobal.named(line() + "." + line(), where));
      case 'X' -> push(text(bytes.getInt()));
      case 'K' -> push((long) byteValue());
      case 'M' -> push((long) Short.toUnsignedInt(bytes.getShort()));
      case 'J' -> push((long) bytes.getInt());
      case 0x8a -> push(longValue(byteValue()));
      case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(bytes.getLong())));
      case 0x88 -> push(true);
      case 0x89 -> push(false);
      case 'N' -> push(NONE);
      case 'q' -> memo.put(byteValue(), top());
      case 'r' -> memo.put(bytes.getInt(), top());
      case 'h' -> push(remembered(byteValue()));
      case 'j' -> push(remembered(bytes.getInt()));
      case 'Q' -> push(storage(pop()));
      case 'R' -> call();
      case 's' -> setItems(popLast(2));
      case 'u' -> setItems(popToMark());
      case 'b' -> build();
      default ->
          throw error(
              "has opcode "
                  + PickleGlobal.opcodeName(opcode)
                  + ", which no dictionary of tensors needs; nothing of it was executed; "
                  + PickleGlobal.ADVICE);
    }
  }

  private void protocol(int version) {
    if (version != 2) {
      throw error("has protocol " + version + "; torch.save writes 2 unless told otherwise");
    }
  }

  private void setItems(List<Object> items) {
    if (!(top() instanceof Dict dict) || items.size() % 2 != 0) {
      throw error("sets items of " + kind(top()));
    }
    for (int k = 0; k < items.size(); k += 2) {
      if (!(items.get(k) instanceof String name)) {
        throw error("has " + kind(items.get(k)) + " as a name; " + PickleGlobal.ADVICE);
      }
      dict.items.put(name, items.get(k + 1));
    }
  }

  /** The attributes of a dictionary: PyTorch puts the versions of the modules there. */
  private void build() {
    Object state = pop();
    if (!(state instanceof Dict) || !(top() instanceof Dict)) {
      throw error("sets attributes of " + kind(top()) + "; " + PickleGlobal.ADVICE);
    }
  }

  private void call() {
    Object arguments = pop();
    Object function = pop();
    if (!(function instanceof PickleGlobal global) || !(arguments instanceof List<?> list)) {
      throw error("calls " + kind(function));
    }
    push(
        switch (global) {
          case ORDERED_DICT -> {
            require(list.isEmpty(), "makes a dictionary of " + list.size() + " arguments");
            yield new Dict();
          }
          case REBUILD_TENSOR -> tensor(list);
          case REBUILD_PARAMETER -> {
            require(
                list.size() == 3 && list.get(0) instanceof Storage.View,
                "makes a parameter of something else than a tensor");
            yield list.get(0);
          }
          default -> throw error("calls " + kind(function));
        });
  }

  /** Of (storage, offset, shape, strides, requires_grad, backward_hooks[, metadata]). */
  private Storage.View tensor(List<?> arguments) {
    if (arguments.size() < 6
        || arguments.size() > 7
        || !(arguments.get(0) instanceof Storage storage)
        || !(arguments.get(1) instanceof Long offset)
        || !(arguments.get(2) instanceof List<?> shape)
        || !(arguments.get(3) instanceof List<?> strides)
        || shape.size() != strides.size()) {
      throw error("makes a tensor of something else than a storage, an offset, shape and strides");
    }
    return new Storage.View(storage, offset, longs(shape), longs(strides));
  }

  private List<Long> longs(List<?> values) {
    require(values.size() <= MOST_AXES, "has a tensor of " + values.size() + " axes");
    List<Long> longs = new ArrayList<>();
    for (Object value : values) {
      if (!(value instanceof Long number) || number < 0) {
        throw error("has " + kind(value) + " below 0 or no number at all in a shape");
      }
      longs.add(number);
    }
    return List.copyOf(longs);
  }

  /** Of ('storage', type, key, device, count). */
  private Storage storage(Object id) {
    if (!(id instanceof List<?> list)
        || list.size() != 5
        || !"storage".equals(list.get(0))
        || !(list.get(1) instanceof PickleGlobal type)
        || !(list.get(2) instanceof String key)
        || !(list.get(4) instanceof Long count)) {
      throw error("refers to something else than a storage");
    }
    return new Storage(type.storage(where), key, count);
  }

  private Object remembered(int index) {
    Object value = memo.get(index);
    if (value == null) {
      throw error("recalls what it never stored");
    }
    return value;
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object top() {
    require(stack.size() > floor(), "takes from an empty stack");
    return stack.get(stack.size() - 1);
  }

  private Object pop() {
    Object value = top();
    stack.remove(stack.size() - 1);
    return value;
  }

  private List<Object> popToMark() {
    require(!marks.isEmpty(), "lacks a mark");
    return removeFrom(marks.pop());
  }

  private List<Object> popLast(int count) {
    require(stack.size() - count >= floor(), "takes from an empty stack");
    return removeFrom(stack.size() - count);
  }

  private List<Object> removeFrom(int start) {
    List<Object> end = stack.subList(start, stack.size());
    List<Object> values = List.copyOf(end);
    end.clear();
    return values;
  }

  private int floor() {
    return marks.isEmpty() ? 0 : marks.peek();
  }

  private int byteValue() {
    return Byte.toUnsignedInt(bytes.get());
  }

  private long longValue(int length) {
    require(length <= Long.BYTES, "has a number of " + length + " bytes");
    long value = 0;
    for (int k = 0; k < length; k++) {
      long part = bytes.get();
      value |= (k == length - 1 ? part : part & 0xff) << 8 * k;
    }
    return value;
  }

  private String text(int length) {
    require(length >= 0 && length <= bytes.remaining(), "ends early");
    byte[] text = new byte[length];
    bytes.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }

  private String line() {
    int start = bytes.position();
    while (bytes.get() != '\n') {
      // its end is what is looked for
    }
    int length = bytes.position() - 1 - start;
    return new String(bytes.array(), start, length, StandardCharsets.UTF_8);
  }

  private static String kind(Object value) {
    if (value instanceof PickleGlobal global) {
      return global.pythonName();
    }
    return value instanceof Dict
        ? "a dictionary"
        : value instanceof List
            ? "a tuple"
            : value instanceof Storage.View
                ? "a tensor"
                : value instanceof String
                    ? "a text"
                    : value instanceof Number ? "a number" : "another value";
  }

  /** Text out of a file, fit for one line. */
  static String printable(String text) {
    String line = text.replaceAll("\\p{Cntrl}", "?");
    return line.length() > 100 ? line.substring(0, 100) + "..." : line;
  }

  private void require(boolean holds, String message) {
    if (!holds) {
      throw error(message);
    }
  }

  private ModelFormatException error(String message) {
    return new ModelFormatException(where + ": the pickle " + message);
  }
}
