package dev.lethe.backend.opencl;

import dev.lethe.network.Activation;
import dev.lethe.network.Binary;
import dev.lethe.network.Value;
import java.util.List;
import java.util.Map;

/** Host side of elementwise.cl: activations, and operations on two values of one shape. */
final class Elementwise implements StageRunner {
  private final Kernel kernel;
  private final List<Value> operands;
  private final Value result;
  private final int items;

  private Elementwise(Kernel kernel, List<Value> operands, Value result, OpenClPlan plan) {
    this.kernel = kernel;
    this.operands = operands;
    this.result = result;
    this.items = plan.flatItems();
  }

  static Elementwise of(Activation stage, Programs programs, OpenClPlan plan) {
    String options = KernelOptions.activation(stage.function());
    Kernel kernel = programs.kernel("elementwise.cl", "activation", options);
    return new Elementwise(kernel, List.of(stage.x()), stage.y(), plan);
  }

  static Elementwise of(Binary stage, Programs programs, OpenClPlan plan) {
    String options = KernelOptions.binary(stage.operation());
    Kernel kernel = programs.kernel("elementwise.cl", "binary", options);
    return new Elementwise(kernel, List.of(stage.a(), stage.b()), stage.y(), plan);
  }

  @Override
  public Runnable bind(Map<String, Integer> sizes, Values values) {
    int count = result.shape().count().resolve(sizes);
    kernel.set(0, count);
    for (int k = 0; k < operands.size(); k++) {
      kernel.set(1 + k, values.of(operands.get(k)));
    }
    kernel.set(1 + operands.size(), values.of(result));
    return () -> kernel.launch(count, 1, items, 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
