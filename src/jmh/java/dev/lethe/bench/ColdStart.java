package dev.lethe.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.lethe.Tensor;
import dev.lethe.io.Npy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * {@code lethe run MODEL -i x.npy -o y.npy} as the least program on ONNX Runtime, to hold a whole
 * process of one beside a whole process of the other: {@code java -cp target/benchmarks.jar
 * dev.lethe.bench.ColdStart MODEL x.npy y.npy}.
 */
final class ColdStart {
  private ColdStart() {}

  /** Runs the model, whose one input is a float array, and writes its first output. */
  public static void main(String[] args) throws OrtException {
    Tensor x = Npy.read(Path.of(args[1]));
    long[] dims = Arrays.stream(x.shape()).asLongStream().toArray();
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession session = environment.createSession(args[0]);
        OnnxTensor input = OnnxTensor.createTensor(environment, x.floats(), dims);
        OrtSession.Result result =
            session.run(Map.of(session.getInputNames().iterator().next(), input))) {
      OnnxTensor output = (OnnxTensor) result.get(0);
      int[] shape = Arrays.stream(output.getInfo().getShape()).mapToInt(Math::toIntExact).toArray();
      float[] values = new float[output.getFloatBuffer().remaining()];
      output.getFloatBuffer().get(values);
      Npy.write(Path.of(args[2]), Tensor.of(values, shape));
    }
  }
}
