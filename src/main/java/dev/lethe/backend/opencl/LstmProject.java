package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;

/** Host side of lstm_project.cl: the projection of one step's hidden values. */
final class LstmProject implements AutoCloseable {
  private static final int STEP = 8;
  private final Kernel kernel;
  private final int width;
  private final int items;

  LstmProject(Programs programs, OpenClPlan plan, Cell cell) {
    this.kernel = programs.kernel("lstm_project.cl", "lstm_project", "");
    this.width = cell.outputSize();
    this.items = plan.flatItems();
    kernel.set(0, cell.hiddenSize()).set(1, width);
  }

  void bind(LstmTargets targets, RunOrder order, CellWeights weights, LstmStep.State state) {
    targets.setHidden(kernel);
    order.set(kernel, 9);
    kernel
        .set(12, state.evenOut())
        .set(13, weights.projection())
        .set(14, state.evenIn())
        .set(15, state.y())
        .set(16, state.finalH());
  }

  void enqueue(int step, int running) {
    kernel.set(STEP, step);
    kernel.launch(width, running, items, 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
