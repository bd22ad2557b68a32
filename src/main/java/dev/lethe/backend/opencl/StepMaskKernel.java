package dev.lethe.backend.opencl;

import dev.lethe.Tensor;
import dev.lethe.network.StepMask;
import java.util.Map;

/** Host side of step_mask.cl. */
final class StepMaskKernel implements StageRunner {
  private final StepMask stage;
  private final Kernel kernel;
  private final int items;

  StepMaskKernel(StepMask stage, Programs programs, OpenClPlan plan) {
    boolean ids = stage.x().type() == Tensor.Type.INT32;
    this.stage = stage;
    this.kernel = programs.kernel("step_mask.cl", "step_mask", KernelOptions.stepMask(ids));
    this.items = plan.flatItems();
  }

  @Override
  public Runnable bind(Map<String, Integer> sizes, Values values) {
    int count = stage.y().shape().count().resolve(sizes);
    kernel.set(0, count).set(1, stage.width().resolve(sizes)).set(2, stage.skipped());
    kernel.set(3, values.of(stage.x())).set(4, values.of(stage.y()));
    return () -> kernel.launch(count, 1, items, 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
