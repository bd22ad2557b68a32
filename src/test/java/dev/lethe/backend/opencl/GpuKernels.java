package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Binary;
import dev.lethe.network.Cell;
import dev.lethe.network.CellNorm;
import dev.lethe.network.Matrix;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Prints every kernel file with the options that a GPU's plan gives it, a line each, for {@code
 * ci/ptx-check}: {@code FILE WORK-ITEMS OPTIONS}, work-items of a group where registers are tight,
 * otherwise 0.
 */
final class GpuKernels {
  private GpuKernels() {}

  public static void main(String[] args) {
    OpenClPlan plan = OpenClPlan.of(OpenClPlanTest.h200());
    Cell plain = cell(4, Matrix.empty(), Matrix.empty());
    Cell special = cell(2, Matrix.zeros(3, 2), Matrix.zeros(1, 2));
    OpenClPlan int8 = OpenClPlan.of(OpenClPlanTest.h200(), Precision.INT8);
    for (ProductTile tile : plan.products()) {
      int items = tile.rowItems() * tile.columnItems();
      print("product.cl", items, plan.options().product(tile, true, 4, 8));
      print("product.cl", items, plan.options().product(tile, false, 3, 8));
      print("product.cl", items, int8.options().product(tile, true, 4, 8));
    }
    print("lstm_begin.cl", "");
    for (StepTile tile : plan.steps()) {
      int items = tile.units() * tile.sequenceItems();
      for (LstmParts.Kind kind : LstmParts.Kind.values()) {
        print("lstm_step.cl", items, plan.options().step(tile, plain, kind, false, false));
        if (kind == LstmParts.Kind.LAYERS) {
          continue; // no projection, no mask, no trace
        }
        print("lstm_step.cl", items, plan.options().step(tile, special, kind, false, true));
        print("lstm_step.cl", items, plan.options().step(tile, plain, kind, true, true));
      }
    }
    for (StepTile tile : int8.steps()) {
      int items = tile.units() * tile.sequenceItems();
      for (LstmParts.Kind kind : LstmParts.Kind.values()) {
        print("lstm_step.cl", items, int8.options().step(tile, plain, kind, false, false));
      }
    }
    for (SequenceTile tile : plan.sequences()) {
      for (LstmParts.Kind kind : LstmParts.Kind.values()) {
        print("lstm_sequence.cl", plan.options().sequence(tile, plain, kind));
        print("lstm_sequence.cl", int8.options().sequence(tile, plain, kind));
      }
    }
    print("lstm_norm_step.cl", plan.options().normStep(normed(plain), true));
    print("lstm_project.cl", "");
    print("layer_norm.cl", plan.options().layerNorm());
    print("step_mask.cl", "-DELEMENT=float");
    print("state.cl", "");
    print("elementwise.cl", KernelOptions.activation(ActivationFunction.SIGMOID));
    print("elementwise.cl", KernelOptions.binary(Binary.Operation.ADD));
    print("softmax.cl", plan.options().softmax(true));
    print("move.cl", "");
    for (PersistentPlan.Shape shape : plan.persistent().shapes()) {
      PersistentPlan.Tile tile = largest(plan.persistent(), shape);
      for (LstmParts.Kind kind : LstmParts.Kind.values()) {
        print("lstm_persistent.cl", tile.items(), plan.options().persistent(plain, tile, kind));
        print("lstm_persistent.cl", tile.items(), plan.options().persistent(special, tile, kind));
      }
    }
    for (Precision precision : Precision.values()) {
      if (OpenClPlan.onMatrixUnits(precision)) {
        printMatrix(precision, special);
      }
    }
  }

  private static Cell normed(Cell cell) {
    Matrix row = Matrix.zeros(1, cell.hiddenSize());
    return cell.withNorm(new CellNorm(Matrix.zeros(1, 4 * cell.hiddenSize()), row, row, 1e-3f));
  }

  /** Tiles of layers from small to the largest that fit. */
  private static void printMatrix(Precision precision, Cell cell) {
    OpenClPlan plan = OpenClPlan.of(OpenClPlanTest.h200(), precision);
    for (MatrixProductTile tile : plan.matrixProducts()) {
      print("product_matrix.cl", tile.items(), plan.options().matrixProduct(tile, 4));
      print("product_matrix.cl", tile.items(), plan.options().matrixProduct(tile, 3));
    }
    Set<PersistentPlan.Cut> tiles = new LinkedHashSet<>();
    for (int hidden = 32; hidden <= 1536; hidden += 32) {
      if (!plan.onMatrixUnits(hidden, Recurrence.Permitted.ALL)) {
        continue;
      }
      tiles.addAll(plan.persistent().cuts(new LayerSizes(1, 32, 1, hidden, 1), true, precision));
    }
    Set<String> steps = new LinkedHashSet<>();
    for (int hidden : new int[] {96, 1024, 2048, 4096}) {
      PersistentPlan.MatrixTile sums = PersistentPlan.MatrixTile.of(precision, hidden);
      for (MatrixStepTile tile : plan.matrixSteps()) {
        for (LstmParts.Kind kind : LstmParts.Kind.values()) {
          boolean traced = hidden == 96 && kind != LstmParts.Kind.LAYERS;
          String options = plan.options().matrixStep(tile, sums, cell, kind, traced);
          if (steps.add(options)) {
            print("lstm_matrix_step.cl", tile.items(), options);
          }
        }
      }
    }
    print("begin_matrix.cl", plan.options().beginMatrix(false));
    print("begin_matrix.cl", plan.options().beginMatrix(true));
    for (PersistentPlan.Cut tile : tiles) {
      for (LstmParts.Kind kind : LstmParts.Kind.values()) {
        print("lstm_matrix.cl", tile.items(), plan.options().persistent(cell, tile, kind));
      }
    }
  }

  /** Of the largest layer, and so the largest work-group, that the device holds. */
  private static PersistentPlan.Tile largest(PersistentPlan plan, PersistentPlan.Shape shape) {
    int hidden = plan.mostGroups() * shape.units();
    while (plan.slice(shape.tile(hidden), hidden, 1, 1).isEmpty()) {
      hidden--;
    }
    return shape.tile(hidden);
  }

  private static void print(String file, String options) {
    print(file, 0, options);
  }

  private static void print(String file, int items, String options) {
    System.out.println((file + " " + items + " " + options).strip());
  }

  private static Cell cell(int hidden, Matrix peepholes, Matrix projection) {
    int width = projection.isEmpty() ? hidden : 1;
    return new Cell(
        Matrix.zeros(4 * hidden, 3),
        Matrix.zeros(4 * hidden, width),
        Matrix.zeros(1, 4 * hidden),
        peepholes,
        projection,
        ActivationFunction.SIGMOID,
        ActivationFunction.TANH,
        ActivationFunction.TANH,
        !peepholes.isEmpty(),
        peepholes.isEmpty() ? Float.POSITIVE_INFINITY : 5);
  }
}
