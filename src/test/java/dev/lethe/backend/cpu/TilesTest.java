package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both widths of tiles, of which a processor's kernels use one, against a loop of fma. */
class TilesTest {
  private static final int FIRST = 2;
  private static final int LEAD = 5;

  // columns of a panel
  private final int wide = WideTiles.VECTORS * VectorTiles.LANES;
  private final int slim = SlimTiles.VECTORS * VectorTiles.LANES;
  private final Random random = new Random(11);

  @BeforeAll
  static void thereIsTheVectorApi() {
    assumeTrue(CpuKernels.get() != CpuKernels.plain(), "there is no Vector API here");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 33})
  void tilesOfEveryHeight(int depth) {
    for (int height = 2; height <= Rows.HIGHEST; height++) {
      int h = height;
      int part = depth - depth / 3;
      Rows apart = Rows.apart(FIRST + height, depth);
      checkTile(
          wide,
          height,
          depth,
          apart,
          (w, from, z, width) -> {
            WideTiles.rows(h, 0, part, w, LEAD, apart, FIRST, from, 1, width + 1, z, LEAD, width);
            WideTiles.rows(h, part, depth, w, LEAD, apart, FIRST, z, LEAD, width, z, LEAD, width);
          });
      Rows together = Rows.together(FIRST + height, depth);
      checkTile(
          slim,
          height,
          depth,
          together,
          (w, from, z, width) ->
              SlimTiles.rows(
                  h, depth, w, LEAD, together, FIRST, from, 1, width + 1, z, LEAD, width));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 33})
  void oneRow(int depth) {
    Rows rows = Rows.together(FIRST + 1, depth);
    float[] row = rows.of[FIRST];
    int at = rows.at[FIRST];
    checkTile(
        wide,
        1,
        depth,
        rows,
        (w, from, z, width) -> WideTiles.oneRow(depth, w, LEAD, row, at, from, 1, z, LEAD));
    checkTile(
        slim,
        1,
        depth,
        rows,
        (w, from, z, width) -> SlimTiles.oneRow(depth, w, LEAD, row, at, from, 1, z, LEAD));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 33})
  void oneRowOfFourPanels(int depth) {
    float[] a = numbers(depth + 3);
    for (int panel : new int[] {wide, slim}) {
      float[] w = numbers(LEAD + 4 * depth * panel);
      float[] z = numbers(4 * (panel + 3));
      float[] expected = z.clone();
      int[] at = {3 * panel + 9, 0, 2 * panel + 6, panel + 3};
      for (int k = 0; k < 4; k++) {
        multiply(panel, depth, w, LEAD + k * depth * panel, a, 3, z, at[k], expected, at[k]);
      }
      if (panel == wide) {
        WideTiles.fourPanels(depth, w, LEAD, a, 3, z, at[0], at[1], at[2], at[3]);
      } else {
        SlimTiles.fourPanels(depth, w, LEAD, a, 3, z, at[0], at[1], at[2], at[3]);
      }
      assertArrayEquals(expected, z);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 33})
  void panelsInParts(int depth) {
    int part = VectorTiles.PANEL == wide ? 3 : depth;
    int count = 10;
    Rows rows = VectorTiles.rows(FIRST + count, depth);
    checkTile(
        VectorTiles.PANEL,
        count,
        depth,
        rows,
        (w, from, z, width) ->
            VectorTiles.parts(
                part, count, depth, w, LEAD, rows, FIRST, from, 1, width + 1, z, LEAD, width));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 511, 512, 1030})
  void panelsThatAreFetched(int depth) {
    int count = 17;
    Rows rows = VectorTiles.rows(FIRST + count, depth);
    checkTile(
        VectorTiles.PANEL,
        count,
        depth,
        rows,
        (w, from, z, width) ->
            VectorTiles.fetched(
                count, depth, false, w, LEAD, rows, FIRST, from, 1, width + 1, z, LEAD, width));
  }

  private interface Tile {
    void multiply(float[] weights, float[] from, float[] z, int width);
  }

  private void checkTile(int panel, int height, int depth, Rows rows, Tile tile) {
    int width = 2 * panel;
    for (int row = FIRST; row < FIRST + height; row++) {
      System.arraycopy(numbers(depth), 0, rows.of[row], rows.at[row], depth);
    }
    float[] w = numbers(LEAD + depth * panel);
    float[] from = numbers(1 + height * (width + 1));
    float[] z = numbers(LEAD + height * width);
    float[] expected = z.clone();
    for (int row = 0; row < height; row++) {
      float[] a = rows.of[FIRST + row];
      int start = 1 + row * (width + 1);
      int to = LEAD + row * width;
      multiply(panel, depth, w, LEAD, a, rows.at[FIRST + row], from, start, expected, to);
    }
    tile.multiply(w, from, z, width);
    assertArrayEquals(expected, z);
  }

  private static void multiply(
      int panel,
      int depth,
      float[] w,
      int at,
      float[] a,
      int aAt,
      float[] from,
      int fromAt,
      float[] z,
      int zAt) {
    for (int column = 0; column < panel; column++) {
      float sum = from[fromAt + column];
      for (int k = 0; k < depth; k++) {
        sum = Math.fma(a[aAt + k], w[at + k * panel + column], sum);
      }
      z[zAt + column] = sum;
    }
  }

  private float[] numbers(int count) {
    float[] numbers = new float[count];
    for (int k = 0; k < count; k++) {
      numbers[k] = (float) random.nextGaussian();
    }
    return numbers;
  }
}
