package dev.lethe.importer.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.proto.ModelProto;
import java.util.LinkedHashMap;
import java.util.Map;

/** Runs a model once in ONNX Runtime, on the CPU. */
final class OnnxRuntime {
  private OnnxRuntime() {}

  /** Every output by name. */
  static Map<String, Tensor> run(ModelProto model, Map<String, Tensor> inputs) throws OrtException {
    OrtEnvironment environment =
        OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      // What it refuses it throws as well.
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      try (OrtSession session = environment.createSession(model.toByteArray(), options)) {
        Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
        try {
          for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
            tensors.put(input.getKey(), tensor(environment, input.getValue()));
          }
          return run(session, tensors);
        } finally {
          tensors.values().forEach(OnnxTensor::close);
        }
      }
    }
  }

  private static Map<String, Tensor> run(OrtSession session, Map<String, OnnxTensor> inputs)
      throws OrtException {
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    try (OrtSession.Result result = session.run(inputs)) {
      for (String name : session.getOutputNames()) {
        OnnxTensor output = (OnnxTensor) result.get(name).orElseThrow();
        long[] shape = output.getInfo().getShape();
        int[] dims = new int[shape.length];
        for (int axis = 0; axis < dims.length; axis++) {
          dims[axis] = Math.toIntExact(shape[axis]);
        }
        float[] values = new float[output.getFloatBuffer().remaining()];
        output.getFloatBuffer().get(values);
        outputs.put(name, Tensor.of(values, dims));
      }
    }
    return outputs;
  }

  private static OnnxTensor tensor(OrtEnvironment environment, Tensor tensor) throws OrtException {
    int[] dims = tensor.shape();
    long[] shape = new long[dims.length];
    for (int axis = 0; axis < dims.length; axis++) {
      shape[axis] = dims[axis];
    }
    return tensor.type() == Tensor.Type.FLOAT32
        ? OnnxTensor.createTensor(environment, tensor.floats(), shape)
        : OnnxTensor.createTensor(environment, tensor.ints(), shape);
  }
}
