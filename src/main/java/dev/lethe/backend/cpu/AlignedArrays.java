package dev.lethe.backend.cpu;

import java.lang.ref.WeakReference;
import java.util.function.IntFunction;

/**
 * Room in arrays, from places on whose vectors lie in one cache line each. A vector of 512 bits
 * that begins elsewhere lies in two, and takes two reads: products are then a quarter slower, on
 * some processors a third.
 *
 * <p>Java says nothing about where an array lies, and moves it. But G1, the usual collector, puts
 * an array that is larger than half of a region at a region's start, after {@value #HEADER} bytes
 * that are Java's, and leaves it there. So room is cut out of arrays that fill a region, in which
 * smaller pieces lie side by side. Under other collectors it is room like any other.
 *
 * @param <A> float[] or int[]
 */
final class AlignedArrays<A> {
  /** Bytes of an array before its elements. */
  private static final int HEADER = 16;

  /** Elements of a cache line, of four bytes each. */
  private static final int LINE = 64 / Float.BYTES;

  /** Elements from the beginning of a large array to its first cache line. */
  private static final int LEAD = LINE - HEADER / Float.BYTES;

  // HotSpot's rule, unless -XX:G1HeapRegionSize is given: a power of two that makes at most 2048
  // regions
  private static final long LEAST_REGION = 1 << 20;
  private static final long LARGEST_REGION = 1 << 25;
  private static final int REGIONS = 2048;

  static final AlignedArrays<float[]> FLOATS =
      new AlignedArrays<>(float[]::new, regionBytes(Runtime.getRuntime().maxMemory()));
  static final AlignedArrays<int[]> INTS =
      new AlignedArrays<>(int[]::new, regionBytes(Runtime.getRuntime().maxMemory()));

  private final IntFunction<A> maker;

  /** Elements of an array that fills a region. */
  private final int whole;

  /** The array that pieces are cut from; it lives as long as one of them. */
  private WeakReference<A> current = new WeakReference<>(null);

  private int next;

  /**
   * @param region bytes of a region
   */
  AlignedArrays(IntFunction<A> maker, int region) {
    this.maker = maker;
    whole = (region - HEADER) / Float.BYTES;
  }

  /** Zeros in {@code array}, from {@code start} on. */
  record Room<A>(A array, int start) {}

  /**
   * Room for some elements.
   *
   * @throws ArithmeticException if no array has that many
   */
  synchronized Room<A> take(int length) {
    int lines = Math.addExact(length, LINE - 1) / LINE * LINE;
    if (lines > whole / 2) {
      return new Room<>(maker.apply(Math.addExact(LEAD, lines)), LEAD);
    }
    A array = current.get();
    if (array == null || next + lines > whole) {
      array = maker.apply(whole);
      current = new WeakReference<>(array);
      next = LEAD;
    }
    next += lines;
    return new Room<>(array, next - lines);
  }

  /** Bytes of a region of a heap of at most {@code heap} bytes. */
  static int regionBytes(long heap) {
    long least = (heap + REGIONS - 1) / REGIONS;
    long region = LEAST_REGION;
    while (region < least && region < LARGEST_REGION) {
      region *= 2;
    }
    return (int) region;
  }
}
