package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;

/** Host side of lstm_project.cl: the projection of one step's hidden values. */
final class LstmProject implements AutoCloseable {
  private static final int STEP = 9;
  private final Kernel kernel;
  private final int width;
  private final int items;
  private int directions;

  LstmProject(Programs programs, OpenClPlan plan, Cell cell) {
    this.kernel = programs.kernel("lstm_project.cl", "lstm_project", "");
    this.width = cell.outputSize();
    this.items = plan.flatItems();
    kernel.set(0, cell.hiddenSize()).set(1, width);
  }

  void bind(LstmParts parts, RunOrder order) {
    directions = parts.each().size();
    parts.setHidden(kernel);
    kernel.set(8, parts.first());
    order.set(kernel, 10);
    for (int d = 0; d < 2; d++) {
      LstmParts.Part part = parts.of(d);
      kernel
          .set(13 + d, part.state().evenOut())
          .set(15 + d, part.weights().projection())
          .set(17 + d, part.state().evenIn());
    }
    LstmStep.State state = parts.of(parts.first()).state();
    kernel.set(19, state.y()).set(20, state.finalH());
  }

  void enqueue(int step, int running) {
    kernel.set(STEP, step);
    kernel.launch(width, running, directions, items, 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
