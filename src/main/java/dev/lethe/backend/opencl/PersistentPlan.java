package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Whether and how the kernel that keeps its weights in registers (lstm_persistent.cl) runs on one
 * device: pure functions of the device's facts and a layer's sizes.
 *
 * @param mostGroups work-groups that surely run at once: one a compute unit
 * @param together whether work-groups may wait for each other; otherwise a launch that has several
 *     for the same sequences does one step
 * @param polls how often a group looks whether the others have come before it gives up
 * @param ptx whether NVIDIA's instructions are to be had
 * @param registers 32-bit registers of a compute unit
 * @param localBytes local memory of a work-group
 * @param shapes the tiles of lstm_persistent.cl to choose from
 * @param matrixUnits hidden units of a group of lstm_matrix.cl; 0 for any
 */
record PersistentPlan(
    int mostGroups,
    boolean together,
    int polls,
    boolean ptx,
    int registers,
    long localBytes,
    List<Shape> shapes,
    int matrixUnits) {
  /** With any tile of lstm_matrix.cl. */
  PersistentPlan(
      int mostGroups,
      boolean together,
      int polls,
      boolean ptx,
      int registers,
      long localBytes,
      List<Shape> shapes) {
    this(mostGroups, together, polls, ptx, registers, localBytes, shapes, 0);
  }

  /** Never. */
  static final PersistentPlan NONE = new PersistentPlan(0, false, 0, false, 0, 0, List.of());

  /** From this compute capability on (7.0, Volta) there are scoped loads and reductions. */
  private static final int SCOPED = 70;

  /** A group with more work-items would have fewer registers for each. */
  private static final int MOST_ITEMS = 256;

  /** Terms of a sum that one work-item adds: SPAN of common.cl. */
  static final int SPAN = 32;

  /** 16 registers of weights each, of some 250. */
  private static final int MOST_PAIRS = 12;

  /** Tenths of a second, where a look takes some hundred nanoseconds. */
  private static final int MOST_POLLS = 1 << 20;

  /** Cycles of a round's barriers and of what else cannot overlap with its sums. */
  private static final double ROUND_OVERHEAD = 100;

  /** Instructions of a cell besides the sums of its spans. */
  private static final double CELL = 200;

  /** Instructions to add a span's sums to a cell's. */
  private static final double CELL_SPAN = 5;

  /** Cycles from the last sums of a step to its h, and of each span on the way. */
  private static final double LAST_CELL = 450;

  private static final double LAST_SPAN = 12;

  /** Share of the cycles of a round's sums in which they add. */
  private static final double BUSY = 0.85;

  /**
   * What does not depend on the layer.
   *
   * @param units hidden units of a group
   * @param rows sequences that a work-item takes on at once
   */
  record Shape(int units, int rows) {
    /** For a layer of this hidden size. */
    Tile tile(int hidden) {
      return new Tile(units, (hidden + SPAN - 1) / SPAN, rows);
    }
  }

  /** How a layer is cut into work-groups. */
  sealed interface Cut extends Recurrence {
    /** Hidden units of a group. */
    int units();

    /** Slices of the batch are multiples of this. */
    int rows();

    /** Work-items of a group. */
    int items();

    /** Local memory of a group besides its cells. */
    long fixedBytes();

    /** Groups for the sequences of one slice and one direction. */
    default int groups(int hidden) {
      return (hidden + units() - 1) / units();
    }

    /** Local memory of a group for its cells. */
    default long cellBytes(int slice) {
      return (long) Float.BYTES * slice * units();
    }
  }

  /**
   * For lstm_matrix.cl: a group of {@code slices} times 32 work-items, each of which multiplies
   * {@code pairs} times 16 words of h. These decide how sums are cut, and so their bits; {@code
   * eights}, of hidden units that a group has, does not.
   */
  record MatrixTile(int slices, int pairs, int eights) implements Cut {
    /** Of the smallest groups; sums are cut alike for every batch. */
    static MatrixTile of(Precision precision, int hidden) {
      int blocks = MatrixWeights.words(precision, hidden) / MatrixWeights.BLOCK;
      int slices = blocks > 4 ? 8 : blocks > 2 ? 4 : 2;
      return new MatrixTile(slices, (blocks + slices - 1) / slices, 1);
    }

    /** The same with twice as many hidden units, so that half as many groups read h. */
    MatrixTile larger() {
      return new MatrixTile(slices, pairs, 2 * eights);
    }

    /** Whether weights fit the registers, and each slice has cells to finish. */
    boolean fits() {
      return pairs * eights <= MOST_PAIRS && slices % (2 * eights) == 0;
    }

    /** Sequences of a round. */
    int round() {
      return 8 * slices / (2 * eights);
    }

    @Override
    public String kernel() {
      return "lstm_matrix";
    }

    @Override
    public List<Integer> numbers() {
      return List.of(slices, pairs, eights);
    }

    @Override
    public int units() {
      return MatrixWeights.UNITS * eights;
    }

    @Override
    public int rows() {
      return 8;
    }

    @Override
    public int items() {
      return 32 * slices;
    }

    /** Words of h of a sequence. */
    int words() {
      return MatrixWeights.BLOCK * slices * pairs;
    }

    @Override
    public long fixedBytes() {
      long parts = (long) slices * (slices / 2) * 8 * 32 * Float.BYTES; // for any eights
      long box = 6L * items() * Integer.BYTES; // only without PTX
      long fresh = (long) items() * Integer.BYTES; // or half of it, for words of two values
      return parts + box + fresh + Integer.BYTES;
    }
  }

  /**
   * For lstm_persistent.cl: a group of units*parts work-items makes {@code units} hidden units of
   * {@code rows} sequences a round; {@code parts} work-items share a sum.
   */
  record Tile(int units, int parts, int rows) implements Cut {
    @Override
    public String kernel() {
      return "lstm_persistent";
    }

    @Override
    public List<Integer> numbers() {
      return List.of(units, parts, rows);
    }

    @Override
    public int items() {
      return units * parts;
    }

    @Override
    public long fixedBytes() {
      long sums = 2L * parts * rows * units * 4 * Float.BYTES;
      long hidden = (long) rows * parts * (SPAN + 4) * Float.BYTES;
      return sums + hidden + Integer.BYTES;
    }
  }

  /** The plan for a GPU. */
  static PersistentPlan of(DeviceFacts facts) {
    boolean nvidia = facts.computeCapability() > 0;
    if (facts.cpu() || facts.registers() == 0 || nvidia && facts.computeCapability() < SCOPED) {
      return NONE;
    }
    List<Shape> shapes = new ArrayList<>();
    for (int units : new int[] {8, 16, 32}) {
      for (int rows : new int[] {1, 2, 3, 4}) {
        shapes.add(new Shape(units, rows));
      }
    }
    return new PersistentPlan(
        facts.computeUnits(),
        true,
        MOST_POLLS,
        nvidia,
        facts.registers(),
        facts.localBytes(),
        shapes);
  }

  /** The same plan without kernels whose work-groups wait for each other. */
  PersistentPlan none() {
    return new PersistentPlan(0, together, polls, ptx, registers, localBytes, List.of());
  }

  /** The same plan with no other tile of lstm_persistent.cl and lstm_matrix.cl. */
  PersistentPlan only(Cut cut) {
    List<Shape> one =
        cut instanceof Tile tile ? List.of(new Shape(tile.units, tile.rows)) : List.of();
    int units = cut instanceof MatrixTile tile ? tile.units() : 0;
    return new PersistentPlan(mostGroups, together, polls, ptx, registers, localBytes, one, units);
  }

  /** The tiles that a layer and its batch fit; on matrix units such as cut sums alike. */
  List<Cut> cuts(LayerSizes sizes, boolean matrix, Precision precision) {
    List<Cut> all = new ArrayList<>();
    if (matrix) {
      MatrixTile tile = MatrixTile.of(precision, sizes.hidden());
      Stream.of(tile, tile.larger())
          .filter(MatrixTile::fits)
          .filter(fitting -> matrixUnits == 0 || fitting.units() == matrixUnits)
          .forEach(all::add);
    } else {
      shapes.forEach(shape -> all.add(shape.tile(sizes.hidden())));
    }
    all.removeIf(cut -> slice(cut, sizes.hidden(), atOnce(cut, sizes), sizes.batch()).isEmpty());
    return all;
  }

  /** Directions of a layer in one launch: all if their groups run at once, otherwise one. */
  int atOnce(Cut cut, LayerSizes sizes) {
    boolean all = slice(cut, sizes.hidden(), sizes.directions(), sizes.batch()).isPresent();
    return all ? sizes.directions() : 1;
  }

  /**
   * Sequences of a group's slice, so that all groups run at once.
   *
   * @return empty if that cannot be
   */
  Optional<Integer> slice(Cut tile, int hidden, int directions, int sequences) {
    int slices = mostGroups / (tile.groups(hidden) * directions);
    if (slices == 0 || tile.items() > MOST_ITEMS) {
      return Optional.empty();
    }
    int each = (sequences + slices - 1) / slices;
    int slice = (each + tile.rows() - 1) / tile.rows() * tile.rows();
    boolean fits = tile.fixedBytes() + tile.cellBytes(slice) <= localBytes;
    return fits ? Optional.of(slice) : Optional.empty();
  }

  /**
   * Cycles of a step, the wait for other groups left out: rounds, each as long as the busiest of a
   * compute unit's four schedulers has sums to add and the cells of the round before to finish.
   */
  double cycles(Tile tile, int hidden, int directions, int sequences) {
    int slice = slice(tile, hidden, directions, sequences).orElseThrow();
    int rounds = slice / tile.rows();
    double sums = 4.0 * SPAN * tile.rows() * schedulerWarps(tile.items()) / BUSY;
    double cells = schedulerWarps(tile.units() * tile.rows()) * (CELL + CELL_SPAN * tile.parts());
    double last = LAST_CELL + LAST_SPAN * tile.parts();
    return rounds * (sums + cells + ROUND_OVERHEAD) + last;
  }

  /** Of so many work-items, the groups of 32 that the busiest scheduler has. */
  private static int schedulerWarps(int items) {
    int warps = (items + 31) / 32;
    return (warps + 3) / 4;
  }
}
