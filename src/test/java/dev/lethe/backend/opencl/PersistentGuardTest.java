package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.backend.Cases;
import java.util.List;
import org.junit.jupiter.api.Test;

class PersistentGuardTest {
  /** Devices on which groups that wait for each other may be tried. */
  static List<Discovery.Found> processors() {
    return Discovery.run().found().stream()
        .filter(found -> found.facts().cpu() && !found.facts().limitsLoops())
        // which rightly reports that such groups race
        .filter(found -> !found.facts().platform().contains("Oclgrind"))
        .toList();
  }

  /** More groups than a processor runs at once wait for each other: none of them can go on. */
  @Test
  void groupsThatDoNotMeetCostTheirLaunchAndNoResult() {
    List<Discovery.Found> devices = processors();
    assumeTrue(!devices.isEmpty(), "no OpenCL device that runs groups one after another");
    Cases.Case c =
        Cases.all().stream().filter(a -> a.toString().equals("T7 B5 I3 H65")).findFirst().get();
    for (Discovery.Found found : devices) {
      int units = 1; // 65 groups
      OpenClPlan plan = OpenClPlan.of(found.facts());
      OpenClPlan waiting =
          plan.withPersistent(
              new PersistentPlan(
                  65,
                  true,
                  50_000,
                  false,
                  0,
                  16 << 10,
                  List.of(new PersistentPlan.Shape(units, 1))));
      ProgramCache cache = ProgramCache.inUserFolder();
      try (OpenClSession session = OpenClSession.open(c.graph(), found, waiting, cache, "");
          OpenClSession other = OpenClSession.open(c.graph(), found, plan, cache, "")) {
        float[] expected = other.run(c.inputs()).get("y").toFloatArray();
        assertTrue(session.persistentUsable());
        assertArrayEquals(expected, session.run(c.inputs()).get("y").toFloatArray());
        assertFalse(session.persistentUsable());
        assertArrayEquals(expected, session.run(c.inputs()).get("y").toFloatArray());
      }
    }
  }
}
