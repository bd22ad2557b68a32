package dev.lethe.cli.plot;

/**
 * Numbers to colours that every kind of colour vision can order. Numbers beyond the ends take the
 * ends' colours; a number that is none is magenta, which no scale has.
 *
 * @param low number of the first colour
 * @param high number of the last colour, above {@code low}
 * @param colors RGB at equal distances, mixed linearly in between
 */
public record ColorScale(double low, double high, int[] colors) {
  /** Colour of NaN. */
  static final int MISSING = 0xFF00FF;

  // matplotlib's viridis at eighths
  private static final int[] VIRIDIS = {
    0x440154, 0x472D7B, 0x3B528B, 0x2C728E, 0x21918C, 0x28AE80, 0x5EC962, 0xADDC30, 0xFDE725
  };
  private static final int[] BLUE_WHITE_ORANGE = {
    0x104A94, 0x3F82C4, 0xA6CDEB, 0xFFFFFF, 0xFDC58A, 0xEE7F1B, 0xB84300
  };

  /** From dark to light: for what begins at nothing, as gates do. */
  public static ColorScale sequential(double low, double high) {
    return new ColorScale(low, high, VIRIDIS);
  }

  /** Blue below 0, white at 0, orange above. */
  public static ColorScale diverging(double most) {
    return new ColorScale(-most, most, BLUE_WHITE_ORANGE);
  }

  /** RGB of a number. */
  int rgb(double value) {
    if (Double.isNaN(value)) {
      return MISSING;
    }
    double place = Math.max(0, Math.min(1, (value - low) / (high - low))) * (colors.length - 1);
    int below = Math.min((int) place, colors.length - 2);
    double share = place - below;
    int rgb = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      int from = colors[below] >> shift & 0xFF;
      int to = colors[below + 1] >> shift & 0xFF;
      rgb |= (int) Math.round(from + share * (to - from)) << shift;
    }
    return rgb;
  }
}
