package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.DeviceException;
import dev.lethe.Options;
import dev.lethe.Port;
import dev.lethe.Session;
import dev.lethe.Stream;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import dev.lethe.io.Pieces;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jocl.CL;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * OpenCL calls that fail, each in its turn, and devices that are lost: what the caller is told,
 * that nothing stays behind, and that the same session, or another one, goes on with the same bits.
 */
class DeviceFaultsTest {
  /** No memory in three words, no device in three, and what a driver may say of its compiler. */
  private static final int[] CODES = {-4, -5, -6, -2, -36, -9999, -11};

  /** What devices that vanish answer from then on. */
  private static final int[] LOST = {-2, -5, -36};

  @TempDir static Path folder;
  private FaultLayer layer;
  private List<Discovery.Found> devices;
  private int before;

  @BeforeEach
  void count() {
    layer = FaultLayer.orSkip();
    devices = Discovery.run().found();
    before = Handles.live();
    assertEquals(2, devices.size());
  }

  @AfterEach
  void stop() {
    if (layer != null) { // not skipped
      layer.reset();
    }
  }

  static List<Cases.Case> cases() {
    List<String> names =
        List.of(
            "steps selected by length",
            "embedding, dense, softmax",
            "slice, concat, transpose, expand",
            "projected");
    return Cases.all().stream().filter(c -> names.contains(c.toString())).toList();
  }

  /** What a session is asked for, and the right answers, learnt where nothing fails. */
  private record Use(List<Map<String, Tensor>> questions, List<Map<String, Tensor>> answers) {
    static Use of(Cases.Case c, Session session) {
      List<Map<String, Tensor>> questions = List.of(c.inputs(), others(c), first(c));
      return new Use(questions, questions.stream().map(session::run).toList());
    }

    /** The same sizes, and where there are lengths other ones, so that other rows run. */
    private static Map<String, Tensor> others(Cases.Case c) {
      Map<String, Tensor> other = new HashMap<>(c.inputs());
      other.computeIfPresent(
          "lengths",
          (name, lengths) -> {
            int[] all = lengths.toIntArray();
            List<Integer> order = new ArrayList<>(Arrays.stream(all).boxed().toList());
            Collections.reverse(order);
            return Tensor.of(order.stream().mapToInt(n -> n).toArray(), all.length);
          });
      return other;
    }

    /** The first sequence alone, for which everything is made ready anew. */
    private static Map<String, Tensor> first(Cases.Case c) {
      Map<String, Tensor> first = new HashMap<>();
      for (Port port : c.graph().inputs()) {
        Tensor whole = c.inputs().get(port.name());
        for (int axis = 0; axis < port.shape().rank(); axis++) {
          if (port.shape().dim(axis).symbols().contains("batch")) {
            first.put(port.name(), Pieces.cut(whole, axis, 0, 1));
          }
        }
      }
      return first;
    }
  }

  /** Of a session that stays open, each call in its turn. */
  @ParameterizedTest
  @MethodSource("cases")
  void everyCallOfARunMayFailAndTheSessionGoesOn(Cases.Case c) {
    try (Session session = open(c, 0)) {
      Use use = Use.of(c, session);
      session.trace(c.inputs());
      int objects = layer.live();
      int provoked = 1;
      int failed = 0;
      for (int nth = 1; provoked > 0; nth++) {
        layer.reset();
        int code = CODES[nth % CODES.length];
        layer.fail("", nth, code);
        failed += ask(session, use, c, code, "call " + nth);
        provoked = layer.provoked();
      }
      assertTrue(failed > 20, failed + " failures");
      assertEquals(objects, layer.live(), "objects that failures left in the session");
    }
    assertClean("after all");
  }

  /** Asks everything, what fails twice. */
  private int ask(Session session, Use use, Cases.Case c, int code, String when) {
    int failed = 0;
    for (int k = use.questions().size() - 1; k >= 0; k--) {
      Map<String, Tensor> question = use.questions().get(k);
      Map<String, Tensor> answer;
      try {
        answer = session.run(question);
      } catch (DeviceException e) {
        failed++;
        assertTells(e, code);
        answer = session.run(question);
      }
      assertBits(use.answers().get(k), answer, when);
    }
    try {
      session.trace(c.inputs());
    } catch (DeviceException e) {
      failed++;
      assertTells(e, code);
      assertBits(use.answers().get(0), session.trace(c.inputs()).outputs(), when);
    }
    return failed;
  }

  /** From the opening on, so that nothing has been made yet; not each call, which takes long. */
  @ParameterizedTest
  @MethodSource("cases")
  void whatFailsHalfwayLeavesNothingBehind(Cases.Case c) {
    Use use = learn(c);
    int provoked = 1;
    for (int nth = 1; provoked > 0; nth += 11) {
      layer.reset();
      int code = CODES[nth % CODES.length];
      layer.fail("", nth, code);
      try (Session session = open(c, 0)) {
        ask(session, use, c, code, "call " + nth);
      } catch (DeviceException e) {
        assertTells(e, code);
      }
      provoked = layer.provoked();
      assertClean("call " + nth + ", " + layer.first());
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aLostDeviceFailsToTheEndAndAnotherGoesOn(Cases.Case c) {
    Use use = learn(c);
    int calls = layer.seen();
    for (int nth = calls; nth > 1; nth = nth * 3 / 4) {
      layer.reset();
      int code = LOST[nth % LOST.length];
      layer.lose("", nth, code, 1);
      boolean lost = false;
      try (Session session = open(c, 0)) {
        for (int k = 0; k < 3; k++) {
          try {
            assertBits(use.answers().get(k), session.run(use.questions().get(k)), "call " + nth);
            assertFalse(lost, "an answer from a lost device, call " + nth);
          } catch (DeviceException e) {
            lost = true;
            assertTells(e, code);
          }
        }
      } catch (DeviceException e) {
        assertTells(e, code);
      }
      assertTrue(layer.provoked() > 0);
      assertClean("call " + nth + ", " + layer.first());
    }
    for (int device : List.of(1, 0)) {
      try (Session session = open(c, device)) {
        assertBits(use.answers().get(0), session.run(c.inputs()), "device " + device);
      }
    }
  }

  /** What a failed step had in hand is lost, as is documented; all else of the stream is not. */
  @Test
  void everyCallOfAStepMayFailAndTheOthersStatesStay() {
    Cases.Case c = cases().get(0);
    int[] ids = {4, 1, 7, 3, 0, 6, 5};
    try (Stream stream = c.graph().openStream(8, Options.defaults().withDevice("opencl:0.0"))) {
      Map<String, Tensor> inputs = new HashMap<>(c.inputs());
      inputs.keySet().removeAll(List.of("h0", "c0"));
      Map<String, Tensor> expected = stream.step(ids, inputs);
      stream.fork(4, 2);
      Map<String, Tensor> bystander = stream.exportState(2);
      int provoked = 1;
      int failed = 0;
      for (int nth = 1; provoked > 0; nth++) {
        stream.reset(ids);
        int code = CODES[nth % CODES.length];
        layer.fail("", nth, code);
        try {
          assertBits(expected, stream.step(ids, inputs), "call " + nth);
        } catch (DeviceException e) {
          failed++;
          assertTells(e, code);
        }
        provoked = layer.provoked();
        layer.reset();
        assertBits(bystander, stream.exportState(2), "call " + nth);
        stream.reset(ids);
        assertBits(expected, stream.step(ids, inputs), "after call " + nth);
      }
      assertTrue(failed > 10, failed + " failures");
    }
    assertClean("after all");
  }

  @Test
  void aKernelThatDoesNotCompileStopsTheOpeningAndNamesTheError(@TempDir Path empty) {
    Cases.Case c = cases().get(0);
    Discovery.Found found = devices.get(0);
    OpenClPlan plan = OpenClPlan.of(found.facts());
    layer.spoilSources("#error provoked");
    DeviceException e =
        assertThrows(
            DeviceException.class,
            () -> OpenClSession.open(c.graph(), found, plan, new ProgramCache(empty), ""));
    assertTrue(e.getMessage().contains(".cl does not compile (CL_BUILD_PROGRAM_FAILURE): "));
    assertTrue(e.getMessage().contains("provoked"), e.getMessage());
    assertTrue(e.getMessage().endsWith("update its driver, or take another device"));
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    assertClean("after a compile error");
    layer.reset();
    OpenClSession.open(c.graph(), found, plan, new ProgramCache(empty), "").close();
  }

  /** The driver's own limit, once as Lethe foresees it and once as the driver says it. */
  @Test
  void moreThanOneBufferMayHaveIsRefusedAndLessRuns() {
    Cases.Case c = cases().get(0);
    try (Session session = open(c, 0)) {
      Use use = Use.of(c, session);
      Map<String, Integer> sizes = new HashMap<>(c.sizes());
      sizes.put("batch", 1 << 23);
      DeviceException e = assertThrows(DeviceException.class, () -> session.prepare(sizes));
      assertTrue(e.isOutOfMemory());
      assertTrue(
          e.getMessage().contains("one buffer may have 268435456; run a smaller batch"),
          e.getMessage());
      assertBits(use.answers().get(0), session.run(c.inputs()), "after too large a batch");
    }
    try (Context context = Context.open(devices.get(0))) {
      long bytes = 2 * context.facts().allocationBytes();
      DeviceException e =
          assertThrows(DeviceException.class, () -> Buffer.allocate(context, "a table", bytes));
      assertTrue(e.isOutOfMemory());
      assertTells(e, CL.CL_INVALID_BUFFER_SIZE);
    }
    assertClean("after all");
  }

  private Use learn(Cases.Case c) {
    try (Session session = open(c, 0)) {
      return Use.of(c, session);
    }
  }

  private Session open(Cases.Case c, int device) {
    Discovery.Found found = devices.get(device);
    return OpenClSession.open(
        c.graph(), found, OpenClPlan.of(found.facts()), new ProgramCache(folder), "");
  }

  private static void assertTells(DeviceException e, int code) {
    String message = e.getMessage();
    assertEquals(1, message.lines().count(), message);
    assertTrue(message.contains("device opencl:0.0 (basic-"), message);
    assertTrue(message.contains(ClError.name(code)), message);
    assertTrue(message.contains("take another device"), message);
    boolean memory = (code <= -4 && code >= -6) || code == CL.CL_INVALID_BUFFER_SIZE;
    assertEquals(memory, e.isOutOfMemory(), message);
  }

  private void assertClean(String when) {
    assertEquals(before, Handles.live(), when);
    layer.assertClean(when);
  }

  private static void assertBits(
      Map<String, Tensor> expected, Map<String, Tensor> actual, String when) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach(
        (name, tensor) ->
            assertEquals(tensor.bytes(), actual.get(name).bytes(), when + ", " + name));
  }
}
