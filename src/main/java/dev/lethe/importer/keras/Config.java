package dev.lethe.importer.keras;

import dev.lethe.ModelFormatException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A JSON object of a model's configuration, which says where it stands when something in it is not
 * as it should be.
 *
 * @param where file and place, for messages
 * @param fields values as {@link Json} makes them
 */
record Config(String where, Map<String, Object> fields) {
  /** Stands for JSON's null. */
  static final Object NULL = new Object();

  /** A value that must be an object. */
  static Config of(String where, Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw new ModelFormatException(where + ": must be a JSON object, is " + shown(value));
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    map.forEach((key, field) -> fields.put(String.valueOf(key), field));
    return new Config(where, fields);
  }

  /** Whether a field is there and not null. */
  boolean has(String key) {
    return find(key).isPresent();
  }

  /** A field that is there and not null. */
  Optional<Object> find(String key) {
    return Optional.ofNullable(fields.get(key)).filter(value -> value != NULL);
  }

  /** A field that must be there. */
  Object get(String key) {
    return find(key).orElseThrow(() -> error("'" + key + "' is missing"));
  }

  Config object(String key) {
    return of(where + ": '" + key + "'", get(key));
  }

  List<Object> list(String key) {
    return list(where + ": '" + key + "'", get(key));
  }

  static List<Object> list(String where, Object value) {
    if (value instanceof List<?> list) {
      return new ArrayList<>(list);
    }
    throw new ModelFormatException(where + ": must be a JSON list, is " + shown(value));
  }

  String text(String key) {
    if (get(key) instanceof String text) {
      return text;
    }
    throw error("'" + key + "' must be text, is " + shown(get(key)));
  }

  String text(String key, String fallback) {
    return has(key) ? text(key) : fallback;
  }

  /** True or false; numbers count as in Python. */
  boolean flag(String key, boolean fallback) {
    Object value = find(key).orElse(fallback);
    if (value instanceof Boolean flag) {
      return flag;
    } else if (value instanceof Number number) {
      return number.doubleValue() != 0;
    }
    throw error("'" + key + "' must be true or false, is " + shown(value));
  }

  double real(String key, double fallback) {
    Object value = find(key).orElse(fallback);
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw error("'" + key + "' must be a number, is " + shown(value));
  }

  /** A size: a whole number from 1 to 2^24. */
  int size(String key) {
    return size(where + ": '" + key + "'", get(key));
  }

  static int size(String where, Object value) {
    long size = whole(where, value);
    if (size < 1 || size > 1 << 24) {
      throw new ModelFormatException(where + ": must be from 1 to " + (1 << 24) + ", is " + size);
    }
    return (int) size;
  }

  static int integer(String where, Object value) {
    long number = whole(where, value);
    if (number != (int) number) {
      throw new ModelFormatException(where + ": must fit 32 bits, is " + number);
    }
    return (int) number;
  }

  private static long whole(String where, Object value) {
    if (value instanceof Number number && number.doubleValue() == number.longValue()) {
      return number.longValue();
    }
    throw new ModelFormatException(where + ": must be a whole number, is " + shown(value));
  }

  /** A failure at this place. */
  ModelFormatException error(String message) {
    return new ModelFormatException(where + ": " + message);
  }

  /** A value in a few words. */
  static String shown(Object value) {
    String text = value == NULL ? "null" : String.valueOf(value);
    String line = text.lines().findFirst().orElse("");
    return line.length() > 80 ? line.substring(0, 80) + "..." : line;
  }
}
