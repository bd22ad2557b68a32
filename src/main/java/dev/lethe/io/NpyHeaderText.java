package dev.lethe.io;

import dev.lethe.InputException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the one Python dictionary that an .npy header may hold: three keys, each once, with a
 * string, a boolean and a tuple of integers. Nothing else is Python here.
 */
final class NpyHeaderText {
  private final String text;
  private final String where;
  private int at;
  private String descr = "";
  private String fortran = "";
  private int[] shape = {-1};

  NpyHeaderText(String text, String where) {
    this.text = text;
    this.where = where;
  }

  NpyHeader parse(int offset) {
    expect('{');
    while (!accept('}')) {
      entry();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skipSpace();
    if (at != text.length()) {
      throw fail("nothing may follow the dictionary");
    }
    if (descr.isEmpty() || fortran.isEmpty() || (shape.length == 1 && shape[0] < 0)) {
      throw fail("the dictionary must have 'descr', 'fortran_order' and 'shape'");
    }
    NpyElement element = NpyElement.of(descr, where);
    return new NpyHeader(element, descr.charAt(0) == '>', fortran.equals("True"), shape, offset);
  }

  private void entry() {
    String key = string();
    expect(':');
    switch (key) {
      case "descr" -> {
        once(descr.isEmpty(), key);
        descr = descr();
      }
      case "fortran_order" -> {
        once(fortran.isEmpty(), key);
        fortran = bool();
      }
      case "shape" -> {
        once(shape.length == 1 && shape[0] < 0, key);
        shape = tuple();
      }
      default -> throw fail("the key '" + key + "' is not one of descr, fortran_order, shape");
    }
  }

  private String descr() {
    skipSpace();
    if (at < text.length() && text.charAt(at) == '[') {
      throw new InputException(
          where + ": a structured array; save each field as an array of its own");
    }
    return string();
  }

  private String string() {
    skipSpace();
    char quote = at < text.length() ? text.charAt(at) : ' ';
    if (quote != '\'' && quote != '"') {
      throw fail("a quoted string must stand here");
    }
    int end = text.indexOf(quote, at + 1);
    if (end < 0) {
      throw fail("a string does not end");
    }
    String value = text.substring(at + 1, end);
    if (value.isEmpty() || value.chars().anyMatch(c -> c < ' ' || c > '~' || c == '\\')) {
      throw fail("a string holds what no header needs");
    }
    at = end + 1;
    return value;
  }

  private String bool() {
    skipSpace();
    for (String word : List.of("True", "False")) {
      if (text.startsWith(word, at)) {
        at += word.length();
        return word;
      }
    }
    throw fail("fortran_order must be True or False");
  }

  private int[] tuple() {
    List<Integer> lengths = new ArrayList<>();
    expect('(');
    while (!accept(')')) {
      lengths.add(length());
      if (lengths.size() > NpyHeader.MAX_RANK) {
        throw fail("more than " + NpyHeader.MAX_RANK + " axes");
      }
      if (!accept(',')) {
        if (lengths.size() == 1) {
          throw fail("a tuple of one needs a comma");
        }
        expect(')');
        break;
      }
    }
    return lengths.stream().mapToInt(Integer::intValue).toArray();
  }

  private int length() {
    skipSpace();
    int start = at;
    while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      at++;
    }
    // NumPy under Python 2 wrote long integers as 3L
    String digits = text.substring(start, at);
    if (!digits.isEmpty() && at < text.length() && text.charAt(at) == 'L') {
      at++;
    }
    if (digits.isEmpty() || digits.length() > 10 || Long.parseLong(digits) > Integer.MAX_VALUE) {
      throw fail("the length of an axis must be from 0 to 2147483647");
    }
    return Integer.parseInt(digits);
  }

  private void once(boolean first, String key) {
    if (!first) {
      throw fail("the key '" + key + "' stands twice");
    }
  }

  private boolean accept(char wanted) {
    skipSpace();
    boolean there = at < text.length() && text.charAt(at) == wanted;
    at += there ? 1 : 0;
    return there;
  }

  private void expect(char wanted) {
    if (!accept(wanted)) {
      throw fail("'" + wanted + "' must stand here");
    }
  }

  private void skipSpace() {
    while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\n')) {
      at++;
    }
  }

  private InputException fail(String what) {
    return new InputException(where + ": damaged .npy header at character " + at + ": " + what);
  }
}
