package dev.lethe.cli;

/**
 * What was not measured of a network.
 *
 * @param device where
 * @param text for people: what, and why
 * @param late whether more time would have done
 */
record BenchGap(String device, String text, boolean late) {
  /** The device failed. */
  static BenchGap failed(String device, String message) {
    return new BenchGap(device, device + " failed: " + message, false);
  }

  /** There was no time from this batch size on. */
  static BenchGap late(String device, int batch) {
    return new BenchGap(device, from(device, batch) + "no time left (--seconds)", true);
  }

  /** Something else was in the way from this batch size on. */
  static BenchGap stopped(String device, int batch, String why) {
    return new BenchGap(device, from(device, batch) + why, false);
  }

  private static String from(String device, int batch) {
    return device + ", from a batch of " + batch + " on: ";
  }

  @Override
  public String toString() {
    return text;
  }
}
