package dev.lethe.cli;

/** What the process ends with. */
final class ExitCodes {
  static final int DONE = 0;
  static final int CHECK_FAILED = 1;
  static final int BAD_INPUT = 2;
  static final int DEVICE_FAILED = 3;

  /** For every command's help. */
  static final String HELP =
      "%nExit codes:%n"
          + "  0  done%n"
          + "  1  a check failed%n"
          + "  2  bad usage or bad input; one line on stderr says what, where, and what would be right%n"
          + "  3  the device failed%n";

  private ExitCodes() {}
}
