package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class PersistentPlanTest {
  private static final PersistentPlan H200 = OpenClPlan.of(OpenClPlanTest.h200()).persistent();

  @Test
  void whatIsChosenFitsTheDevice() {
    for (int directions = 1; directions <= 2; directions++) {
      for (int hidden = 1; hidden <= 2048; hidden += 13) {
        Optional<PersistentPlan.Tile> tile = H200.tile(hidden, directions);
        for (int batch = 1; batch <= 1000 && tile.isPresent(); batch += 37) {
          fits(tile.get(), hidden, directions, batch);
        }
      }
    }
  }

  private static void fits(PersistentPlan.Tile tile, int hidden, int directions, int batch) {
    assertTrue(tile.items() <= 256, tile::toString);
    assertTrue(tile.units() * tile.groups(hidden) >= hidden, tile::toString);
    assertTrue(tile.parts() * tile.depth() >= hidden, tile::toString);
    assertEquals(0, tile.depth() % 4, tile::toString);
    H200.slice(tile, hidden, directions, batch)
        .ifPresent(
            slice -> {
              int slices = (batch + slice - 1) / slice;
              assertTrue(slices * directions * tile.groups(hidden) <= 132, tile::toString);
              assertTrue(tile.fixedBytes() + tile.cellBytes(slice) <= 48 << 10, tile::toString);
            });
  }

  @Test
  void anH200HoldsUpTo1024UnitsOneWayAnd512BothWays() {
    assertTrue(H200.tile(1024, 1).isPresent());
    assertFalse(H200.tile(2048, 1).isPresent());
    assertTrue(H200.tile(512, 2).isPresent());
    assertFalse(H200.tile(1024, 2).isPresent());
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
