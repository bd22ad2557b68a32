package dev.lethe.backend.opencl;

import dev.lethe.DeviceException;
import dev.lethe.Precision;
import dev.lethe.network.Cell;
import dev.lethe.network.CellNorm;
import dev.lethe.network.Lstm;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * How the kernels may be cut for one device, and how they are for a layer: pure functions of the
 * device's facts, sizes and what has been measured. No tile changes a result's bits: every sum runs
 * over its terms in one order, whatever the tile.
 *
 * @param products tiles of product.cl, the usual one first
 * @param steps tiles of lstm_step.cl, likewise
 * @param sequences tiles of lstm_sequence.cl, likewise; may be empty
 * @param mostAlone largest hidden size of a layer whose recurrence stays off matrix units, since
 *     one work-group can run it alone
 * @param persistent whether and how lstm_persistent.cl and lstm_matrix.cl run
 * @param precision of the inputs of an LSTM layer's products
 * @param matrixSteps tiles of lstm_matrix_step.cl, the usual one first; empty where there are no
 *     matrix units to run those products on
 * @param matrixProducts tiles of product_matrix.cl, likewise; of no use without {@code matrixSteps}
 * @param softmaxItems work-items a row in softmax.cl, layer_norm.cl and lstm_norm_step.cl, a power
 *     of two
 * @param flatItems work-items of a group in kernels without a tile
 * @param projectionBytes most that the projected inputs of one layer may take; longer runs go in
 *     chunks of time
 * @param mostDepth most terms of a sum that the device's loops get through
 * @param computeUnits for the cost model; 0 where that knows nothing of the device, and the first
 *     of the kernels that fit is taken
 * @param tuned what has been measured
 */
record OpenClPlan(
    List<ProductTile> products,
    List<StepTile> steps,
    List<SequenceTile> sequences,
    int mostAlone,
    PersistentPlan persistent,
    Precision precision,
    List<MatrixStepTile> matrixSteps,
    List<MatrixProductTile> matrixProducts,
    int softmaxItems,
    int flatItems,
    long projectionBytes,
    int mostDepth,
    int computeUnits,
    TunedLayers tuned) {
  /** Least local memory of a device that this plan fits. */
  static final long LOCAL_BYTES = 16 << 10;

  /** Least work-group of a device that this plan fits. */
  static final long WORK_GROUP = 64;

  /** What is not faster by so much than the usual is not worth an exception. */
  static final double WORTH = 0.97;

  /** From this compute capability on (8.0, Ampere) the matrix units take all precisions. */
  private static final int MATRIX_CAPABILITY = 80;

  /** Largest hidden size of a layer that one of a GPU's work-groups runs alone. */
  private static final int MOST_ALONE = 128;

  private static final List<StepTile> STEPS =
      List.of(
          new StepTile(16, 8, 2, 32),
          new StepTile(8, 8, 1, 128),
          new StepTile(16, 4, 1, 64),
          new StepTile(8, 8, 2, 64),
          new StepTile(8, 8, 4, 64),
          new StepTile(16, 8, 4, 32),
          new StepTile(8, 16, 4, 32),
          new StepTile(16, 8, 8, 16),
          new StepTile(16, 16, 4, 16),
          new StepTile(8, 16, 8, 32),
          new StepTile(16, 16, 8, 16));

  private static final List<MatrixStepTile> MATRIX_STEPS =
      List.of(
          new MatrixStepTile(4, 4),
          new MatrixStepTile(1, 1),
          new MatrixStepTile(2, 1),
          new MatrixStepTile(4, 1),
          new MatrixStepTile(2, 2),
          new MatrixStepTile(2, 4),
          new MatrixStepTile(4, 2),
          new MatrixStepTile(4, 6),
          new MatrixStepTile(8, 4),
          new MatrixStepTile(8, 6));

  private static final long MOST_PROJECTION_BYTES = 2L << 30;

  /** Where loops are limited: product.cl takes up to 15 turns a term. */
  private static final int LIMITED_DEPTH = 4096;

  /** A plan whose {@code sequences} say which layers a work-group can run alone. */
  OpenClPlan(
      List<ProductTile> products,
      List<StepTile> steps,
      List<SequenceTile> sequences,
      PersistentPlan persistent,
      Precision precision,
      List<MatrixStepTile> matrixSteps,
      int softmaxItems,
      int flatItems,
      long projectionBytes,
      int mostDepth,
      int computeUnits,
      TunedLayers tuned) {
    this(
        products,
        steps,
        sequences,
        sequences.stream().mapToInt(SequenceTile::mostHidden).max().orElse(0),
        persistent,
        precision,
        matrixSteps,
        MatrixProductTile.ALL,
        softmaxItems,
        flatItems,
        projectionBytes,
        mostDepth,
        computeUnits,
        tuned);
  }

  /** The plan for a device, in single precision. */
  static OpenClPlan of(DeviceFacts facts) {
    return of(facts, Precision.FP32);
  }

  /** The plan for a device. */
  static OpenClPlan of(DeviceFacts facts, Precision precision) {
    long projection =
        Math.min(MOST_PROJECTION_BYTES, Math.min(facts.allocationBytes(), facts.globalBytes() / 4));
    if (facts.cpu() || facts.workGroupSize() < 256) {
      boolean limited = facts.limitsLoops();
      return new OpenClPlan(
          List.of(
              new ProductTile(4, 16, 4, 2, 16),
              new ProductTile(4, 16, 4, 4, 16),
              new ProductTile(4, 16, 8, 4, 16),
              new ProductTile(2, 16, 8, 2, 32)),
          List.of(
              new StepTile(16, 4, 2, 16),
              new StepTile(16, 4, 4, 16),
              new StepTile(16, 1, 4, 32),
              new StepTile(32, 2, 4, 16)),
          limited ? List.of() : List.of(new SequenceTile(16, 4, 256), new SequenceTile(32, 8, 256)),
          PersistentPlan.NONE,
          precision,
          List.of(),
          16,
          64,
          projection,
          limited ? LIMITED_DEPTH : Integer.MAX_VALUE,
          0,
          TunedLayers.NONE);
    }
    boolean matrix = onMatrixUnits(precision) && facts.computeCapability() >= MATRIX_CAPABILITY;
    return new OpenClPlan(
        List.of(
            new ProductTile(16, 16, 4, 4, 16),
            new ProductTile(16, 16, 8, 4, 16),
            new ProductTile(16, 16, 8, 8, 16)),
        STEPS,
        List.of(new SequenceTile(128, 4, MOST_ALONE), new SequenceTile(128, 8, MOST_ALONE)),
        PersistentPlan.of(facts),
        precision,
        matrix ? MATRIX_STEPS : List.of(),
        64,
        256,
        projection,
        Integer.MAX_VALUE,
        facts.computeUnits(),
        TunedLayers.NONE);
  }

  /** Those of int8 want x and h in int8, too. */
  static boolean onMatrixUnits(Precision precision) {
    return precision != Precision.FP32 && precision != Precision.INT8;
  }

  /** The same plan, but for where work-groups wait for each other. */
  OpenClPlan withPersistent(PersistentPlan other) {
    return with(
        products, steps, sequences, other, matrixSteps, matrixProducts, computeUnits, tuned);
  }

  /** The same plan with plain products. */
  OpenClPlan withoutMatrix() {
    return with(
        products, steps, sequences, persistent, List.of(), matrixProducts, computeUnits, tuned);
  }

  /** The same plan with what has been measured. */
  OpenClPlan withTuned(TunedLayers measured) {
    return with(
        products,
        steps,
        sequences,
        persistent,
        matrixSteps,
        matrixProducts,
        computeUnits,
        measured);
  }

  /** The same plan with nothing to choose from but this, for layers that have the choice. */
  OpenClPlan only(LayerChoice choice) {
    Recurrence kernel = choice.recurrence();
    List<StepTile> oneStep = kernel instanceof StepTile tile ? List.of(tile) : steps;
    List<SequenceTile> oneSequence =
        kernel instanceof SequenceTile tile ? List.of(tile) : List.of();
    PersistentPlan one =
        kernel instanceof PersistentPlan.Cut cut ? persistent.only(cut) : persistent.none();
    List<MatrixStepTile> oneMatrix =
        kernel instanceof MatrixStepTile tile ? List.of(tile) : matrixSteps;
    List<ProductTile> oneProduct =
        choice.product() instanceof ProductTile tile ? List.of(tile) : products;
    List<MatrixProductTile> oneMatrixProduct =
        choice.product() instanceof MatrixProductTile tile ? List.of(tile) : matrixProducts;
    return with(
        oneProduct, oneStep, oneSequence, one, oneMatrix, oneMatrixProduct, 0, TunedLayers.NONE);
  }

  private OpenClPlan with(
      List<ProductTile> newProducts,
      List<StepTile> newSteps,
      List<SequenceTile> newSequences,
      PersistentPlan newPersistent,
      List<MatrixStepTile> newMatrixSteps,
      List<MatrixProductTile> newMatrixProducts,
      int newComputeUnits,
      TunedLayers newTuned) {
    return new OpenClPlan(
        newProducts,
        newSteps,
        newSequences,
        mostAlone,
        newPersistent,
        precision,
        newMatrixSteps,
        newMatrixProducts,
        softmaxItems,
        flatItems,
        projectionBytes,
        mostDepth,
        newComputeUnits,
        newTuned);
  }

  /** What the kernels are compiled with. */
  KernelOptions options() {
    return new KernelOptions(precision, persistent, softmaxItems);
  }

  /** Whether input projections run on matrix units. */
  boolean matrix() {
    return !matrixSteps.isEmpty();
  }

  /** What an input projection can choose from: never nothing, the usual one first. */
  List<ProjectionTile> projections() {
    return List.copyOf(matrix() ? matrixProducts : products);
  }

  /**
   * Whether the recurrence of such a layer does: not where a work-group can run the layer alone,
   * which costs neither waits nor launches.
   */
  boolean onMatrixUnits(int hidden, Recurrence.Permitted permitted) {
    return matrix() && permitted.alone() && hidden > mostAlone;
  }

  /**
   * The kernels that a layer's recurrence could take: never none, and all of the same bits, so that
   * a choice by the batch changes no result.
   */
  List<Recurrence> recurrences(LayerSizes sizes, Recurrence.Permitted permitted) {
    List<Recurrence> all = new ArrayList<>();
    boolean units = onMatrixUnits(sizes.hidden(), permitted);
    if (permitted.together()) {
      all.addAll(persistent.cuts(sizes, units, precision));
    }
    if (units) {
      all.addAll(matrixSteps);
      return all;
    }
    if (permitted.alone()) {
      sequences.stream().filter(tile -> sizes.hidden() <= tile.mostHidden()).forEach(all::add);
    }
    all.addAll(steps);
    return all;
  }

  /** What has been measured where that fits, otherwise what should be the fastest. */
  LayerChoice choose(LayerSizes sizes, Recurrence.Permitted permitted) {
    CostModel model = new CostModel(this);
    List<Recurrence> recurrences = recurrences(sizes, permitted);
    Optional<TunedLayers.Entry> entry = tuned.nearest(sizes, precision);
    Optional<Recurrence> measured = entry.flatMap(e -> e.recurrence(recurrences));
    Recurrence recurrence =
        measured.orElseGet(
            () -> fastest(recurrences, each -> model.recurrence(sizes, each).microseconds()));
    Optional<ProjectionTile> product = entry.flatMap(e -> e.product(projections()));
    return new LayerChoice(
        product.orElseGet(() -> fastest(projections(), each -> model.projection(sizes, each))),
        recurrence,
        measured.isPresent());
  }

  /**
   * The kernels that could do two stacked layers in the same launches: of those for two directions,
   * all whose groups run at once.
   */
  List<Recurrence> stacked(LayerSizes layer) {
    LayerSizes both = layer.withDirections(2);
    return recurrences(both, Recurrence.Permitted.ALL).stream()
        .filter(r -> !(r instanceof PersistentPlan.Cut c) || persistent.atOnce(c, both) == 2)
        .toList();
  }

  /** As many steps of a layer as the room for its projected inputs holds, at least one. */
  int stepsPerChunk(LayerSizes sizes) {
    long stepBytes = sizes.directions() * stepBytes(sizes);
    return (int) Math.max(1, Math.min(sizes.steps(), projectionBytes / stepBytes));
  }

  /** Projected inputs of one step of one direction. */
  static long stepBytes(LayerSizes sizes) {
    return (long) sizes.batch() * Cell.GATES * sizes.hidden() * Float.BYTES;
  }

  /** The first where the cost model knows nothing of the device. */
  <T> T fastest(List<T> all, ToDoubleFunction<T> microseconds) {
    return computeUnits == 0
        ? all.get(0)
        : all.stream().min(Comparator.comparingDouble(microseconds)).orElseThrow();
  }

  /**
   * Refuses a sum of more terms than the device can be trusted with.
   *
   * @param stage whose sum it is, for the message
   */
  void requireDepth(String stage, int depth) {
    if (depth > mostDepth) {
      throw new DeviceException(
          "stage "
              + stage
              + " adds up "
              + depth
              + " terms, this device's loops stop after "
              + mostDepth
              + "; use -d cpu");
    }
  }

  /**
   * What this layer leaves to choose from: kernels of many steps know neither projections nor
   * normalization nor masks, and those whose groups wait for each other want directions alike.
   */
  static Recurrence.Permitted permitted(Lstm stage) {
    boolean plain =
        stage.mask().isEmpty()
            && stage.directions().stream()
                .allMatch(d -> d.cell().projection().isEmpty() && d.cell().norm().isEmpty());
    return new Recurrence.Permitted(plain, plain && alike(stage));
  }

  /** Whether a layer's directions differ in nothing but weights, so that one launch does both. */
  static boolean alike(Lstm stage) {
    Cell cell = stage.directions().get(0).cell();
    return stage.directions().stream().allMatch(d -> sameKernel(d.cell(), cell));
  }

  /** Whether two cells are the same to a kernel but for their weights. */
  static boolean sameKernel(Cell a, Cell b) {
    return a.hiddenSize() == b.hiddenSize()
        && KernelOptions.cell(a).equals(KernelOptions.cell(b))
        && a.norm().map(CellNorm::epsilon).equals(b.norm().map(CellNorm::epsilon));
  }
}
