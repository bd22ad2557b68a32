package dev.lethe.cli;

import dev.lethe.Precision;
import dev.lethe.backend.Tolerance;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How far every device, in every precision, is from the reference: a row for each output. */
final class Comparison {
  /** The device that is the reference, but for rounding its results. */
  static final String REFERENCE = "cpu:scalar";

  private final List<Row> rows = new ArrayList<>();
  private final List<String> failed = new ArrayList<>();
  private final Table table =
      new Table()
          .row(
              "DEVICE",
              "PRECISION",
              "OUTPUT",
              "ERROR",
              "TYPICAL ERROR",
              "RELATIVE",
              "TYPICAL RELATIVE",
              "ULP",
              "TYPICAL ULP",
              "MS",
              "OF ALLOWED",
              "VERDICT");

  private record Row(String device, String precision, Tolerance tolerance, Agreement agreement) {
    /** Whether it is what all are held against; in int8 the reference has other weights. */
    boolean isReference() {
      return device.equals(REFERENCE) && precision.equals(Precision.FP32.toString());
    }
  }

  /**
   * A device that ran.
   *
   * @param tolerance that the agreements were found with
   * @param agreements by output
   * @param milliseconds of a run
   */
  void add(
      String device,
      String precision,
      Tolerance tolerance,
      Map<String, Agreement> agreements,
      double milliseconds) {
    agreements.forEach(
        (output, agreement) -> {
          Row row = new Row(device, precision, tolerance, agreement);
          rows.add(row);
          table.row(
              device,
              precision,
              output,
              format(agreement.absolute().largest()),
              format(agreement.absolute().typical()),
              format(agreement.relative().largest()),
              format(agreement.relative().typical()),
              format(agreement.ulp().largest()),
              format(agreement.ulp().typical()),
              format(milliseconds),
              percent(agreement.share()),
              verdict(row));
        });
  }

  /** A device that did not. */
  void addFailed(String device, String precision) {
    failed.add(device);
    table.row(device, precision, "-", "-", "-", "-", "-", "-", "-", "-", "-", "FAILED");
  }

  /** Whether no device was tried. */
  boolean isEmpty() {
    return rows.isEmpty() && failed.isEmpty();
  }

  /** Whether every device ran and is within the tolerance. */
  boolean passed() {
    return failed.isEmpty() && rows.stream().allMatch(row -> row.agreement().passes());
  }

  Table table() {
    return table;
  }

  /** One line for all rows. */
  String verdict() {
    List<Row> beyond = rows.stream().filter(row -> !row.agreement().passes()).toList();
    if (!beyond.isEmpty()) {
      Row worst = worst(beyond);
      return String.format(
          Locale.ROOT,
          "DIFFERENT ANSWERS: %s is at %s of what %s allows (%s): %s",
          worst.device(),
          percent(worst.agreement().share()),
          worst.precision(),
          allowed(worst),
          worst.agreement().worst());
    }
    if (!failed.isEmpty()) {
      return "FAILED: "
          + String.join(", ", failed)
          + (rows.isEmpty() ? "" : "; the others give the same answers");
    }
    List<Row> others = rows.stream().filter(row -> !row.isReference()).toList();
    Row worst = worst(others.isEmpty() ? rows : others);
    return String.format(
        Locale.ROOT,
        "same answers: the largest difference is %s of what %s allows (%s)",
        percent(worst.agreement().share()),
        worst.precision(),
        allowed(worst));
  }

  private static String allowed(Row row) {
    return String.format(
        Locale.ROOT,
        "%.1e + %.1e * |value|",
        row.tolerance().absolute(),
        row.tolerance().relative());
  }

  private static String verdict(Row row) {
    if (!row.agreement().passes()) {
      return "DIFFERENT";
    }
    return row.isReference() ? "the reference" : "same";
  }

  private static Row worst(List<Row> rows) {
    Row worst = rows.get(0);
    for (Row row : rows) {
      worst = row.agreement().share() > worst.agreement().share() ? row : worst;
    }
    return worst;
  }

  /** With as many digits as people read. */
  static String percent(double share) {
    double percent = 100 * share;
    if (Double.isInfinite(percent)) {
      return "infinitely many %";
    }
    if (percent != 0 && percent < 0.1) {
      return "under 0.1 %";
    }
    return String.format(Locale.ROOT, percent < 10 ? "%.1f %%" : "%.0f %%", percent);
  }

  private static String format(double value) {
    return value != 0 && (value < 0.01 || value >= 1e5)
        ? String.format(Locale.ROOT, "%.2e", value)
        : String.format(Locale.ROOT, "%.2f", value);
  }
}
