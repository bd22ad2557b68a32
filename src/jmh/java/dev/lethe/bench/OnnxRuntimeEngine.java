package dev.lethe.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.lethe.Tensor;
import dev.lethe.network.LstmShape;
import java.util.Map;
import java.util.Set;

/** ONNX Runtime on the CPU: a model in memory, input and output in buffers that stay. */
final class OnnxRuntimeEngine implements Engine {
  private final int threads;
  private final Tensor yData;
  private final OrtSession session;
  private final OnnxTensor x;
  private final OnnxTensor y;

  /**
   * @param quantized whether the weights are int8, and what they are multiplied with is made that
   *     at each step: DynamicQuantizeLSTM
   */
  OnnxRuntimeEngine(LstmShape shape, int threads, boolean quantized) {
    this.threads = threads;
    Tensor xData = shape.input();
    yData = Tensor.allocate(Tensor.Type.FLOAT32, shape.steps(), shape.batch(), shape.outputSize());
    OrtEnvironment environment =
        OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
      session = environment.createSession(OnnxModel.of(shape, quantized).toByteArray(), options);
      x = OnnxTensor.createTensor(environment, xData.floats(), dims(xData));
      y = OnnxTensor.createTensor(environment, yData.floats(), dims(yData));
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public String description() {
    return "ONNX Runtime "
        + OrtEnvironment.getEnvironment().getVersion()
        + ", "
        + threads
        + " threads";
  }

  @Override
  public void run() {
    try {
      session.run(Map.of("x", x), Set.of(), Map.of("y", y)).close();
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Tensor y() {
    return Tensor.of(yData.toFloatArray(), yData.shape());
  }

  @Override
  public void close() {
    x.close();
    y.close();
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  private static long[] dims(Tensor tensor) {
    int[] shape = tensor.shape();
    return new long[] {shape[0], shape[1], shape[2]};
  }
}
