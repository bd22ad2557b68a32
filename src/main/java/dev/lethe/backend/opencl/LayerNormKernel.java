package dev.lethe.backend.opencl;

import dev.lethe.network.LayerNorm;
import java.util.Map;

/** Host side of layer_norm.cl. */
final class LayerNormKernel implements StageRunner {
  private final LayerNorm stage;
  private final Kernel kernel;
  private final Buffer scale;
  private final Buffer shift;
  private final int items;

  LayerNormKernel(LayerNorm stage, Context context, Programs programs, OpenClPlan plan) {
    this.stage = stage;
    this.kernel = programs.kernel("layer_norm.cl", "layer_norm", plan.options().layerNorm());
    this.scale = context.upload(stage.name() + " scale", stage.scale().toArray());
    this.shift = context.upload(stage.name() + " shift", stage.shift().toArray());
    this.items = plan.softmaxItems();
  }

  @Override
  public Runnable bind(Map<String, Integer> sizes, Values values) {
    int width = stage.scale().size();
    int rows = stage.x().shape().count().resolve(sizes) / width;
    kernel.set(0, width).set(1, stage.epsilon()).set(2, values.of(stage.x()));
    kernel.set(3, scale).set(4, shift).set(5, values.of(stage.y()));
    return () -> kernel.launch((long) rows * items, 1, items, 1);
  }

  @Override
  public void close() {
    kernel.close();
    scale.close();
    shift.close();
  }
}
