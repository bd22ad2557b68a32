package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Tells the layer below which of this process's OpenCL calls are to fail, and learns what it saw:
 * src/test/c/fault_layer.c, which {@code ci/with-faults} puts under the tests.
 */
public final class FaultLayer {
  /** What OpenCL calls {@code CL_DEVICE_NOT_AVAILABLE}. */
  public static final int NOT_AVAILABLE = -2;

  private static final String VARIABLE = "LETHE_FAULTS";
  private static final int KINDS = 6;
  // as in struct control
  private static final int COUNTDOWN = 0;
  private static final int CODE = 4;
  private static final int LOST = 8;
  private static final int DEVICE = 12;
  private static final int SEEN = 16;
  private static final int PROVOKED = 20;
  private static final int MISUSED = 24;
  private static final int LIVE = 28;
  private static final int ROOM = 52;
  private static final int LAZILY = 56;
  private static final int FUNCTION = 64;
  private static final int LAST = 96;
  private static final int SOURCE = 128;
  private static final int BYTES = 192;
  private final MappedByteBuffer control;

  private FaultLayer(MappedByteBuffer control) {
    this.control = control;
  }

  /** The layer, to which nothing has been said; without one the test is skipped. */
  public static FaultLayer orSkip() {
    String file = System.getenv(VARIABLE);
    assumeTrue(file != null, "no layer that makes calls fail; ci/with-faults puts one there");
    Discovery.run(); // loads it
    assertTrue(Files.exists(Path.of(file)), "the OpenCL loader has not taken the layer");
    try (FileChannel channel =
        FileChannel.open(Path.of(file), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MappedByteBuffer control = channel.map(FileChannel.MapMode.READ_WRITE, 0, BYTES);
      control.order(ByteOrder.nativeOrder());
      FaultLayer layer = new FaultLayer(control);
      layer.reset();
      return layer;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** No call fails from now on but those on devices that are lost; counting begins anew. */
  public void reset() {
    for (int at :
        new int[] {COUNTDOWN, CODE, LOST, DEVICE, SEEN, PROVOKED, MISUSED, ROOM, LAZILY}) {
      control.putInt(at, 0);
    }
    put(FUNCTION, LAST, "");
    put(LAST, SOURCE, "");
    put(SOURCE, BYTES, "");
  }

  /**
   * The {@code nth} call from now on answers {@code code}; if {@code function} is not empty, of it.
   */
  void fail(String function, int nth, int code) {
    fail(function, nth, code, false, 0);
  }

  /**
   * Like {@link #fail}, and so does every later call on the same context, as on a device that has
   * vanished.
   *
   * @param device 1 for the first one that a context was made on in this process; 0 for any
   */
  public void lose(String function, int nth, int code, int device) {
    fail(function, nth, code, true, device);
  }

  private void fail(String function, int nth, int code, boolean lost, int device) {
    put(FUNCTION, LAST, function);
    control.putInt(CODE, code).putInt(LOST, lost ? 1 : 0).putInt(DEVICE, device);
    control.putInt(COUNTDOWN, nth);
  }

  /** Puts a line in front of the source of every kernel that is compiled from now on. */
  void spoilSources(String line) {
    put(SOURCE, BYTES, line + "\n");
  }

  /**
   * Gives every device so much memory for buffers and no more.
   *
   * @param lazily whether memory is taken when it is first used, as some drivers do, so that the
   *     making of a buffer goes well and what is enqueued next fails
   */
  public void room(int kibibytes, boolean lazily) {
    control.putInt(LAZILY, lazily ? 1 : 0).putInt(ROOM, kibibytes);
  }

  /** Calls since the last reset that could have failed. */
  int seen() {
    return control.getInt(SEEN);
  }

  /** Calls since the last reset that were made to fail. */
  public int provoked() {
    return control.getInt(PROVOKED);
  }

  /** The first of them. */
  String first() {
    byte[] name = new byte[SOURCE - LAST];
    control.get(LAST, name);
    return new String(name, StandardCharsets.US_ASCII).replace("\0", "");
  }

  /**
   * Contexts, queues, buffers, programs and kernels that are not released, by the driver's count.
   */
  int live() {
    int live = 0;
    for (int kind = 0; kind < KINDS; kind++) {
      live += control.getInt(LIVE + kind * Integer.BYTES);
    }
    return live;
  }

  /** Everything is released, once, and nothing was used after. */
  public void assertClean(String when) {
    assertEquals(0, live(), "OpenCL objects that nobody released " + when);
    assertEquals(0, control.getInt(MISUSED), "uses of released OpenCL objects " + when);
  }

  private void put(int from, int to, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    assertTrue(bytes.length < to - from, text);
    for (int k = 0; k < to - from; k++) {
      control.put(from + k, k < bytes.length ? bytes[k] : 0);
    }
  }
}
