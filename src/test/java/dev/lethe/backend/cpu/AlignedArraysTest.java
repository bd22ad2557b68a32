package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AlignedArraysTest {
  private static final int REGION = 1 << 12;

  /** Of {@link #REGION} after Java's 16 bytes. */
  private static final int WHOLE = REGION / 4 - 4;

  private final AlignedArrays<float[]> arrays = new AlignedArrays<>(float[]::new, REGION);

  /** Places in an array that G1 puts at the beginning of a region. */
  private static void assertBeginsALine(AlignedArrays.Room<?> room) {
    assertEquals(0, (16 + 4 * room.start()) % 64);
  }

  @Test
  void smallPiecesShareAnArrayThatFillsARegion() {
    AlignedArrays.Room<float[]> first = arrays.take(17);
    AlignedArrays.Room<float[]> second = arrays.take(1);

    assertEquals(WHOLE, first.array().length);
    assertSame(first.array(), second.array());
    assertBeginsALine(first);
    assertBeginsALine(second);
    assertEquals(32, second.start() - first.start());
  }

  @Test
  void nothingReachesBeyondTheArrayOrIntoItsNeighbour() {
    AlignedArrays.Room<float[]> last = arrays.take(100);
    for (int length = 1; length < 2 * WHOLE; length += 37) {
      AlignedArrays.Room<float[]> room = arrays.take(length);
      assertBeginsALine(room);
      assertEquals(true, room.start() + length <= room.array().length, length + " elements");
      if (room.array() == last.array()) {
        assertEquals(true, room.start() > last.start());
      }
      last = room;
      for (int k = 0; k < length; k++) {
        assertEquals(0f, room.array()[room.start() + k]);
        room.array()[room.start() + k] = 1;
      }
    }
  }

  @Test
  void largeOnesHaveArraysOfTheirOwn() {
    AlignedArrays.Room<float[]> small = arrays.take(1);
    AlignedArrays.Room<float[]> large = arrays.take(WHOLE);

    assertNotSame(small.array(), large.array());
    assertBeginsALine(large);
    assertSame(small.array(), arrays.take(1).array(), "goes on where it was");
  }

  @Test
  void moreThanAnArrayCanHoldIsRefused() {
    assertThrows(ArithmeticException.class, () -> arrays.take(Integer.MAX_VALUE - 10));
  }

  /** What {@code java -Xmx... -Xlog:gc+init} says. */
  @ParameterizedTest
  @CsvSource({"64, 1", "2048, 1", "2049, 2", "6028, 4", "65536, 32", "200000, 32"})
  void knowsG1sRegions(long heapMib, int regionMib) {
    assertEquals(regionMib << 20, AlignedArrays.regionBytes(heapMib << 20));
  }
}
