package dev.lethe.bench;

import com.fasterxml.jackson.core.io.JsonStringEncoder;

/** Strings in JSON. */
final class JsonText {
  private JsonText() {}

  static String quote(String text) {
    return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
  }
}
