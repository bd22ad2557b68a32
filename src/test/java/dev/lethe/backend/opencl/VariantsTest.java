package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * No tile and no kernel variant changes a bit: the same cases under plans that differ in all of
 * them, on every OpenCL device.
 */
class VariantsTest {
  private static List<OpenClPlan> plans() {
    return List.of(
        plan(
            new ProductTile(4, 16, 4, 2, 16),
            new StepTile(16, 4, 2, 16),
            new SequenceTile(16, 4, 256)),
        // a launch for each step, awkward tiles
        plan(new ProductTile(2, 8, 1, 3, 5), new StepTile(8, 3, 3, 8), new SequenceTile(16, 4, 0)),
        // one sequence a group, several units a work-item; one time step a chunk
        new OpenClPlan(
            List.of(new ProductTile(8, 8, 2, 2, 32)),
            List.of(new StepTile(4, 16, 1, 2)),
            List.of(new SequenceTile(8, 1, 256)),
            PersistentPlan.NONE,
            Precision.FP32,
            List.of(),
            16,
            64,
            1,
            Integer.MAX_VALUE,
            0,
            TunedLayers.NONE),
        // weights kept: a step a launch, many slices; parts and sequences that do not come out even
        persistent(50, new PersistentPlan.Shape(8, 3), 1),
        // all steps in one launch, since a group has no other to wait for
        persistent(2, new PersistentPlan.Shape(40, 1), 1 << 20),
        // as the first of these, but no room for both directions at once
        persistent(3, new PersistentPlan.Shape(8, 3), 1));
  }

  private static OpenClPlan persistent(
      int groups, PersistentPlan.Shape shape, long projectionBytes) {
    return new OpenClPlan(
        List.of(new ProductTile(4, 16, 4, 2, 16)),
        List.of(new StepTile(16, 4, 2, 16)),
        List.of(),
        new PersistentPlan(groups, false, 1000, false, 0, 32 << 10, List.of(shape)),
        Precision.FP32,
        List.of(),
        16,
        64,
        projectionBytes,
        Integer.MAX_VALUE,
        0,
        TunedLayers.NONE);
  }

  private static OpenClPlan plan(ProductTile product, StepTile step, SequenceTile sequence) {
    return new OpenClPlan(
        List.of(product),
        List.of(step),
        List.of(sequence),
        PersistentPlan.NONE,
        Precision.FP32,
        List.of(),
        16,
        64,
        1 << 20,
        Integer.MAX_VALUE,
        0,
        TunedLayers.NONE);
  }

  @Test
  void everyPlanGivesTheSameBits() {
    List<Discovery.Found> devices = Discovery.run().found();
    assumeTrue(!devices.isEmpty(), "no OpenCL device");
    for (Discovery.Found found : devices) {
      for (Cases.Case c : Cases.all()) {
        if (c.toString().startsWith("candidate ")) {
          continue; // which function it is has nothing to do with tiles
        }
        Map<String, int[]> expected = run(c, found, plans().get(0));
        for (OpenClPlan plan : plans().subList(1, plans().size())) {
          PersistentPlan waiting = plan.persistent();
          if (!waiting.shapes().isEmpty() && !persistentIsWorthwhile(c, waiting.mostGroups())) {
            continue;
          }
          run(c, found, plan)
              .forEach(
                  (name, bits) ->
                      assertArrayEquals(
                          expected.get(name),
                          bits,
                          () -> found.device().id() + ", " + c + ", " + name + ", " + plan));
        }
      }
    }
  }

  /** Launches of one direction's states and inputs. */
  private static final int BEFORE = 3;

  @Test
  void directionsThatAreAlikeShareTheirLaunches() {
    List<Discovery.Found> devices = Discovery.run().found();
    assumeTrue(!devices.isEmpty(), "no OpenCL device");
    Cases.Case alike = named("time first, both directions"); // some of 9 sequences have 5 steps
    Cases.Case unlike = named("directions of different functions"); // and here of 6 have 4
    OpenClPlan steps = plans().get(1);
    OpenClPlan oneLaunch = plans().get(0);
    OpenClPlan oneByOne =
        persistent(3, new PersistentPlan.Shape(8, 3), 1 << 20)
            .withPersistent(
                new PersistentPlan(
                    3, true, 1000, false, 0, 32 << 10, List.of(new PersistentPlan.Shape(8, 3))));
    for (Discovery.Found found : devices) {
      int clear = 1; // lengths differ
      assertEquals(clear + 2 * BEFORE + 5, launches(alike, found, steps));
      assertEquals(clear + 2 * BEFORE + 1, launches(alike, found, oneLaunch));
      assertEquals(clear + 2 * (BEFORE + 4), launches(unlike, found, steps));
      assertEquals(clear + 2 * (BEFORE + 1), launches(unlike, found, oneLaunch));
      LayerSizes sizes = new LayerSizes(5, 9, 3, 11, 2);
      CostModel model = new CostModel(steps);
      LayerChoice choice = steps.choose(sizes, Recurrence.Permitted.ALL);
      assertEquals(2 * BEFORE + 5, model.layer(sizes, choice).launches());
      PersistentPlan.Cut cut = oneByOne.persistent().cuts(sizes, false, Precision.FP32).get(0);
      assertEquals(1, oneByOne.persistent().atOnce(cut, sizes));
      assertEquals(2, new CostModel(oneByOne).recurrence(sizes, cut).launches());
    }
  }

  private static Cases.Case named(String name) {
    return Cases.all().stream().filter(c -> c.toString().equals(name)).findFirst().orElseThrow();
  }

  private static long launches(Cases.Case c, Discovery.Found found, OpenClPlan plan) {
    ProgramCache cache = ProgramCache.inUserFolder();
    try (OpenClSession session = OpenClSession.open(c.graph(), found, plan, cache, "")) {
      return session.time(c.inputs(), Map.of()).launches();
    }
  }

  /** Compiling takes long, and where outputs go is the same code for every layout. */
  private static boolean persistentIsWorthwhile(Cases.Case c, int mostGroups) {
    if (mostGroups == 3) {
      return c.toString().endsWith(", both directions");
    }
    return Stream.of(
            "T1 B1 I1 H1",
            "T4 B7 I17 H16",
            "T2 B33 I31 H7",
            "T9 B5 I8 H33",
            "T3 B13 I33 H40",
            "T7 B5 I3 H65",
            "batch first, both directions",
            "peepholes, coupled, clip, both directions",
            "three layers, both directions")
        .anyMatch(c.toString()::equals);
  }

  private static Map<String, int[]> run(Cases.Case c, Discovery.Found found, OpenClPlan plan) {
    ProgramCache cache = ProgramCache.inUserFolder();
    try (OpenClSession session = OpenClSession.open(c.graph(), found, plan, cache, "")) {
      Map<String, int[]> bits = new HashMap<>();
      for (Map.Entry<String, Tensor> output : session.run(c.inputs()).entrySet()) {
        int[] words = new int[output.getValue().size()];
        output.getValue().bytes().asIntBuffer().get(words);
        bits.put(output.getKey(), words);
      }
      assertTrue(session.persistentUsable(), () -> c + " fell back under " + plan);
      return bits;
    }
  }
}
