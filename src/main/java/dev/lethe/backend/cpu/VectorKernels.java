package dev.lethe.backend.cpu;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.IntVector.broadcast;

import dev.lethe.Precision;
import dev.lethe.network.Cell;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Kernels} on the Vector API. Loaded by name, and only where the module jdk.incubator.vector
 * is.
 */
final class VectorKernels implements Kernels {
  private static final VectorSpecies<Float> FLOATS = VectorTiles.SPECIES;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = VectorTiles.LANES;

  /**
   * Added to the bits of floats as integers, it makes infinity the greatest of the positive ones,
   * and NaN one of the other sign, which no upper bound changes.
   */
  private static final int TO_GREATEST =
      Integer.MAX_VALUE - Float.floatToRawIntBits(Float.POSITIVE_INFINITY);

  private final WarmingKernels warming = new WarmingKernels(this);

  @Override
  public Kernels ofSession(Precision precision) {
    return warming.begin(precision);
  }

  @Override
  public int units(int hidden) {
    return LANES;
  }

  @Override
  public int columns(int total) {
    return VectorTiles.PANEL;
  }

  @Override
  public Rows rows(int count, int width) {
    return VectorTiles.rows(count, width);
  }

  @Override
  public Rows rows(int count, int width, int columns) {
    return VectorTiles.rows(count, width, columns);
  }

  @Override
  public Packed pack(int depth, int blocks, int width, Packed.Source source) {
    return Packed.panels(depth, blocks, width, VectorTiles.PANEL, source);
  }

  @Override
  public Packed packNarrow(
      Precision precision, int depth, int blocks, int width, Packed.Source source) {
    return switch (precision) {
      case BF16 -> pairs(precision, depth, blocks, width, source, HalfTiles::bits);
      case FP16 ->
          Fp16Tiles.allWithin(depth, blocks, width, source)
              ? pairs(precision, depth, blocks, width, source, Fp16Tiles::bits)
              : pack(depth, blocks, width, source);
      default -> pack(depth, blocks, width, source);
    };
  }

  private static Packed pairs(
      Precision precision,
      int depth,
      int blocks,
      int width,
      Packed.Source source,
      Packed.Bits bits) {
    int panel = HalfTiles.PANEL;
    return Packed.pairs(precision, depth, blocks, width, panel, source, bits, VectorTiles.PANEL);
  }

  @Override
  public Packed packInt8(int depth, int blocks, int width, Packed.Source integers, float[] scales) {
    return Packed.quads(depth, blocks, width / Cell.GATES, integers, scales, VectorTiles.PANEL);
  }

  @Override
  public void product(
      Packed weights,
      int block,
      int next,
      int rows,
      Rows a,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt) {
    if (weights.precision() == Precision.INT8) {
      Int8Tiles.product(weights, block, next, rows, a, first, from, fromAt, fromStride, z, zAt);
    } else if (rows == 1 && weights.precision() != Precision.FP32) {
      oneRow(weights, block, a, first, from, fromAt, z, zAt);
    } else {
      Packed floats = weights.floats();
      int start = floats.at(block);
      int after = floats.at(next);
      int depth = floats.depth();
      int width = floats.width();
      float[] panels = floats.panels();
      VectorTiles.product(
          rows, depth, panels, start, after, a, first, from, fromAt, fromStride, z, zAt, width);
    }
  }

  /** Of weights of 16 bits. */
  private static void oneRow(
      Packed weights, int block, Rows a, int first, float[] from, int fromAt, float[] z, int zAt) {
    int depth = weights.depth();
    int start = weights.at(block);
    int[] words = weights.words();
    float[] row = a.of[first];
    int at = a.at[first];
    if (weights.precision() == Precision.BF16) {
      HalfTiles.oneRow(depth, words, start, row, at, from, fromAt, z, zAt);
    } else {
      Fp16Tiles.oneRow(depth, words, start, row, at, from, fromAt, z, zAt);
    }
  }

  @Override
  public void row(Packed weights, int block, int end, Rows a, float[] z, int zAt, int stride) {
    int depth = weights.depth();
    int k = block;
    int place = zAt;
    if (weights.width() == VectorTiles.BLOCK && weights.precision() == Precision.FP32) {
      int atOnce = VectorTiles.blocksAtOnce();
      for (; k + atOnce <= end; k += atOnce) {
        VectorTiles.row(depth, weights.panels(), weights.at(k), a.of[0], a.at[0], z, place, stride);
        place += atOnce * stride;
      }
    } else if (weights.precision() == Precision.BF16) {
      // in fp16 and int8 that is more than HotSpot inlines, always or in some starts
      for (; k + 1 < end; k += 2) {
        int first = weights.at(k);
        int second = weights.at(k + 1);
        HalfTiles.twoBlocks(
            depth, weights.words(), first, second, a.of[0], a.at[0], z, place, place + stride);
        place += 2 * stride;
      }
    }
    Kernels.super.row(weights, k, end, a, z, place, stride);
  }

  @Override
  public void update(
      int rows,
      float[] z,
      int zAt,
      int zStride,
      float[] c,
      int cAt,
      int cStride,
      Rows h,
      int hAt,
      int units,
      boolean identity) {
    divisors(z, zAt, zAt + rows * zStride, zStride);
    cells(rows, z, zAt, zStride, c, cAt, cStride);
    if (identity) {
      for (int row = 0; row < rows; row++) {
        int k = zAt + row * zStride;
        load(z, k).div(load(z, k + 3 * LANES)).intoArray(h.of[row], h.at[row] + hAt);
      }
    } else {
      hidden(rows, z, zAt, zStride, h, hAt);
    }
  }

  // FloatMath's functions, operation by operation, of vectors that are "stride" apart.
  // Vectors stay in registers only while HotSpot inlines everything, and it counts: past a limit,
  // which is near, it leaves the last operations as calls or makes objects of the vectors. So: no
  // operation that can be spared; integers compared, which takes a fifth of comparing floats; and
  // more than 325 bytes of code for each (FreqInlineSize), so that they are not inlined together:
  // what all begin with is written out in all.
  // Constants stand where they are used: made before the loop, they would be loaded for each
  // vector.

  /** Of the gates i, f and o, in place. */
  private static void divisors(float[] z, int zAt, int end, int stride) {
    int bound = Float.floatToRawIntBits(FloatMath.GATE_BOUND) + TO_GREATEST;
    for (int gate = 0; gate < Cell.GATES; gate += gate == 1 ? 2 : 1) {
      for (int k = zAt + gate * LANES; k < end; k += stride) {
        IntVector bits = load(z, k).reinterpretAsInts();
        IntVector most = bits.add(broadcast(INTS, TO_GREATEST)).min(broadcast(INTS, bound));
        IntVector least = most.add(broadcast(INTS, Integer.MIN_VALUE)).min(broadcast(INTS, bound));
        FloatVector v = least.sub(broadcast(INTS, TO_GREATEST)).reinterpretAsFloats();
        FloatVector rounded =
            v.fma(
                broadcast(FLOATS, FloatMath.LOG2_E), broadcast(FLOATS, FloatMath.SIGMOID_ROUNDER));
        FloatVector n = rounded.sub(broadcast(FLOATS, FloatMath.SIGMOID_ROUNDER));
        FloatVector r = n.fma(broadcast(FLOATS, -FloatMath.LN2_HIGH), v);
        r = n.fma(broadcast(FLOATS, -FloatMath.LN2_LOW), r);
        FloatVector p = broadcast(FLOATS, FloatMath.P4).fma(r, broadcast(FLOATS, FloatMath.P3));
        p = p.fma(r, broadcast(FLOATS, FloatMath.P2));
        p = p.fma(r, broadcast(FLOATS, FloatMath.P1));
        p = p.fma(r, broadcast(FLOATS, FloatMath.P0));
        FloatVector q = p.fma(r.mul(r), r);
        IntVector power =
            rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, FloatMath.EXPONENT);
        FloatVector scale = power.reinterpretAsFloats();
        scale.fma(q, scale.add(broadcast(FLOATS, 1f))).intoArray(z, k);
      }
    }
  }

  /** The cell states, in place and in the place of i. */
  private static void cells(
      int rows, float[] z, int zAt, int zStride, float[] c, int cAt, int cStride) {
    int bound = Float.floatToRawIntBits(FloatMath.TANH_BOUND) + TO_GREATEST;
    for (int row = 0; row < rows; row++) {
      int k = zAt + row * zStride;
      IntVector bits = load(z, k + 2 * LANES).reinterpretAsInts();
      IntVector most = bits.add(broadcast(INTS, TO_GREATEST)).min(broadcast(INTS, bound));
      IntVector least = most.add(broadcast(INTS, Integer.MIN_VALUE)).min(broadcast(INTS, bound));
      FloatVector v = least.sub(broadcast(INTS, TO_GREATEST)).reinterpretAsFloats();
      FloatVector rounded =
          v.fma(
              broadcast(FLOATS, -2 * FloatMath.LOG2_E), broadcast(FLOATS, FloatMath.TANH_ROUNDER));
      FloatVector n = rounded.sub(broadcast(FLOATS, FloatMath.TANH_ROUNDER));
      FloatVector w = n.fma(broadcast(FLOATS, FloatMath.LN2 / 2), v);
      FloatVector p =
          broadcast(FLOATS, -32 * FloatMath.P4).fma(w, broadcast(FLOATS, 16 * FloatMath.P3));
      p = p.fma(w, broadcast(FLOATS, -8 * FloatMath.P2));
      p = p.fma(w, broadcast(FLOATS, 4 * FloatMath.P1));
      p = p.fma(w, broadcast(FLOATS, -2 * FloatMath.P0));
      FloatVector q = p.fma(w.mul(w), w);
      IntVector power =
          rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, FloatMath.EXPONENT);
      FloatVector scale = power.reinterpretAsFloats();
      FloatVector g = scale.fma(q, scale.fma(broadcast(FLOATS, -0.5f), broadcast(FLOATS, -1f)));
      FloatVector f = load(z, k + LANES);
      FloatVector others = load(z, k).mul(g.add(broadcast(FLOATS, 2f)));
      FloatVector one = broadcast(FLOATS, 1f).div(f.mul(others));
      int at = cAt + row * cStride;
      FloatVector now = load(c, at).fma(others.mul(one), g.mul(f).mul(one));
      now.intoArray(c, at);
      now.intoArray(z, k);
    }
  }

  /** The hidden states, of cell states in the place of i. */
  private static void hidden(int rows, float[] z, int zAt, int zStride, Rows h, int hAt) {
    int bound = Float.floatToRawIntBits(FloatMath.TANH_BOUND) + TO_GREATEST;
    for (int row = 0; row < rows; row++) {
      int k = zAt + row * zStride;
      IntVector bits = load(z, k).reinterpretAsInts();
      IntVector most = bits.add(broadcast(INTS, TO_GREATEST)).min(broadcast(INTS, bound));
      IntVector least = most.add(broadcast(INTS, Integer.MIN_VALUE)).min(broadcast(INTS, bound));
      FloatVector v = least.sub(broadcast(INTS, TO_GREATEST)).reinterpretAsFloats();
      FloatVector rounded =
          v.fma(
              broadcast(FLOATS, -2 * FloatMath.LOG2_E), broadcast(FLOATS, FloatMath.TANH_ROUNDER));
      FloatVector n = rounded.sub(broadcast(FLOATS, FloatMath.TANH_ROUNDER));
      FloatVector w = n.fma(broadcast(FLOATS, FloatMath.LN2 / 2), v);
      FloatVector p =
          broadcast(FLOATS, -32 * FloatMath.P4).fma(w, broadcast(FLOATS, 16 * FloatMath.P3));
      p = p.fma(w, broadcast(FLOATS, -8 * FloatMath.P2));
      p = p.fma(w, broadcast(FLOATS, 4 * FloatMath.P1));
      p = p.fma(w, broadcast(FLOATS, -2 * FloatMath.P0));
      FloatVector q = p.fma(w.mul(w), w);
      IntVector power =
          rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, FloatMath.EXPONENT);
      FloatVector scale = power.reinterpretAsFloats();
      FloatVector e = scale.fma(q, scale.fma(broadcast(FLOATS, -0.5f), broadcast(FLOATS, -1f)));
      FloatVector divisor = load(z, k + 3 * LANES).mul(e.add(broadcast(FLOATS, 2f)));
      e.div(divisor).intoArray(h.of[row], h.at[row] + hAt);
    }
  }

  @Override
  public int operationsOfARound() {
    return VectorTiles.CHAINS * 2 * LANES;
  }

  @Override
  public float multiplyAdd(int rounds, float seed) {
    return VectorTiles.multiplyAdd(rounds, seed);
  }

  /**
   * Calls what tiles and cells call, in turns, and computes nothing. All operations on vectors
   * share some methods of the module. Those are compiled by themselves, too, and where only one
   * operation has been used by then, for that one alone: the next one begins where HotSpot did not
   * expect it, after which it no longer inlines those methods well enough, and vectors of tiles
   * compiled from then on become objects. Runs took several times as long in one start of Java out
   * of a hundred.
   *
   * @param numbers as many as a vector has, twice
   * @param words as many as a vector has
   */
  static void mixOperations(int rounds, float[] numbers, int[] words) {
    for (int round = 0; round < rounds; round++) {
      FloatVector x = FloatVector.fromArray(FLOATS, numbers, 0);
      FloatVector y = FloatVector.broadcast(FLOATS, numbers[round % LANES]);
      x = x.fma(y, x).add(y).sub(x).mul(y).div(y);
      IntVector bits = x.reinterpretAsInts().add(IntVector.broadcast(INTS, words[round % LANES]));
      bits = bits.sub(IntVector.fromArray(INTS, words, 0)).min(bits).and(bits);
      bits = bits.lanewise(VectorOperators.LSHL, 1).lanewise(VectorOperators.ASHR, 1);
      y = (FloatVector) bits.convert(VectorOperators.I2F, 0);
      y.add(bits.reinterpretAsFloats()).intoArray(numbers, LANES);
    }
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(FLOATS, from, at);
  }

  @Override
  public String toString() {
    return FLOATS.vectorBitSize() + "-bit vectors";
  }
}
