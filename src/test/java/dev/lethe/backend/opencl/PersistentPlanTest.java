package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Precision;
import java.util.List;
import org.junit.jupiter.api.Test;

class PersistentPlanTest {
  private static final PersistentPlan H200 = OpenClPlan.of(OpenClPlanTest.h200()).persistent();

  private static List<PersistentPlan.Cut> cuts(int hidden, int directions, int batch) {
    return H200.cuts(new LayerSizes(1, batch, 1, hidden, directions), false, Precision.FP32);
  }

  @Test
  void whatIsOfferedFitsTheDevice() {
    for (int directions = 1; directions <= 2; directions++) {
      for (int hidden = 1; hidden <= 2048; hidden += 13) {
        for (int batch = 1; batch <= 1000; batch += 37) {
          for (PersistentPlan.Cut cut : cuts(hidden, directions, batch)) {
            fits((PersistentPlan.Tile) cut, hidden, directions, batch);
          }
        }
      }
    }
  }

  private static void fits(PersistentPlan.Tile tile, int hidden, int directions, int batch) {
    assertTrue(tile.items() <= 256, tile::toString);
    assertTrue(tile.units() * tile.groups(hidden) >= hidden, tile::toString);
    assertTrue(tile.parts() * PersistentPlan.SPAN >= hidden, tile::toString);
    int atOnce = H200.atOnce(tile, new LayerSizes(1, batch, 1, hidden, directions));
    int slice = H200.slice(tile, hidden, atOnce, batch).orElseThrow();
    int slices = (batch + slice - 1) / slice;
    assertTrue(slices * atOnce * tile.groups(hidden) <= 132, tile::toString);
    assertTrue(tile.fixedBytes() + tile.cellBytes(slice) <= 48 << 10, tile::toString);
  }

  @Test
  void anH200HoldsUpTo1024UnitsOneWayAnd512BothWays() {
    assertFalse(cuts(1024, 1, 32).isEmpty());
    assertTrue(cuts(2048, 1, 32).isEmpty());
    assertEquals(2, mostAtOnce(512));
    assertEquals(1, mostAtOnce(1024));
    assertTrue(cuts(2048, 2, 32).isEmpty());
  }

  private static int mostAtOnce(int hidden) {
    LayerSizes sizes = new LayerSizes(1, 32, 1, hidden, 2);
    return cuts(hidden, 2, 32).stream()
        .mapToInt(cut -> H200.atOnce(cut, sizes))
        .max()
        .orElseThrow();
  }

  @Test
  void neverOnAProcessorNorOnWhatIsUnknown() {
    assertEquals(
        PersistentPlan.NONE,
        OpenClPlan.of(OpenClPlanTest.facts(true, 4096, 1 << 20, 1 << 30)).persistent());
    assertEquals(
        PersistentPlan.NONE,
        OpenClPlan.of(OpenClPlanTest.facts(false, 1024, 48 << 10, 1 << 30)).persistent());
  }
}
