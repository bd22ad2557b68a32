package dev.lethe.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Rows of text whose columns stand under each other. */
final class Table {
  private final List<List<String>> rows = new ArrayList<>();

  Table row(String... cells) {
    rows.add(List.of(cells));
    return this;
  }

  /** Prints every row, each cell but the last as wide as the widest of its column. */
  void print(PrintWriter out, String indent) {
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder(indent);
      for (int column = 0; column < row.size(); column++) {
        String cell = Failures.oneLine(row.get(column));
        line.append(cell).append(" ".repeat(Math.max(0, width(column) - cell.length()) + 2));
      }
      out.println(line.toString().stripTrailing());
    }
  }

  private int width(int column) {
    return rows.stream()
        .filter(row -> row.size() > column)
        .mapToInt(row -> Failures.oneLine(row.get(column)).length())
        .max()
        .orElse(0);
  }
}
