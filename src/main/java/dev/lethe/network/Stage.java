package dev.lethe.network;

import java.util.List;

/** One step of the computation. Every backend runs each of these. */
public sealed interface Stage
    permits Lstm,
        Dense,
        Embedding,
        Activation,
        Softmax,
        LayerNorm,
        StepMask,
        SelectStep,
        Slice,
        Transpose,
        Reshape,
        Concat,
        Expand,
        Binary,
        Constant {
  /** For people and error messages, as the model file has it. */
  String name();

  /** What is read. */
  List<Value> inputs();

  /** What is written, once, in full. */
  List<Value> outputs();

  /** One line for people. */
  default String describe() {
    return getClass().getSimpleName() + " " + name() + ": " + inputs() + " -> " + outputs();
  }
}
