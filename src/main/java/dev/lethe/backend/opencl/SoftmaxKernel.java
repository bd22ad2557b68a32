package dev.lethe.backend.opencl;

import dev.lethe.network.Softmax;
import java.util.Map;

/** Host side of softmax.cl. */
final class SoftmaxKernel implements StageRunner {
  private final Softmax stage;
  private final Kernel kernel;
  private final int items;

  SoftmaxKernel(Softmax stage, Programs programs, OpenClPlan plan) {
    this.stage = stage;
    this.kernel =
        programs.kernel("softmax.cl", "softmax", plan.options().softmax(stage.logarithm()));
    this.items = plan.softmaxItems();
  }

  @Override
  public Runnable bind(Map<String, Integer> sizes, Values values) {
    int width = stage.x().shape().dim(-1).resolve(sizes);
    int rows = stage.x().shape().count().resolve(sizes) / width;
    kernel.set(0, width).set(1, values.of(stage.x())).set(2, values.of(stage.y()));
    return () -> kernel.launch((long) rows * items, 1, items, 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
