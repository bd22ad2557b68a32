package dev.lethe.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.LstmShape;
import java.nio.file.Path;
import java.util.List;

/**
 * PyTorch's lstm on the CPU, through DJL, without gradients. DJL unpacks PyTorch's libraries, half
 * a gigabyte, once into the folder for temporary files, unless ENGINE_CACHE_DIR names another.
 */
final class PytorchEngine implements Engine {
  private final LstmShape shape;
  private final NDManager manager;
  private final NDArray x;
  private final NDList states;
  private final NDList weights;
  private final int threads;
  private NDList outputs = new NDList();

  PytorchEngine(LstmShape shape, int threads) {
    this.shape = shape;
    this.threads = threads;
    // Nothing is to be downloaded or reported.
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
    System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
    if (System.getenv("ENGINE_CACHE_DIR") == null) {
      Path unpacked = Path.of(System.getProperty("java.io.tmpdir"), "lethe-benchmark-pytorch");
      System.setProperty("ENGINE_CACHE_DIR", unpacked.toString());
    }
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    x = array(shape.input().toFloatArray(), shape.steps(), shape.batch(), shape.inputSize());
    Shape state =
        new Shape((long) shape.layers() * shape.directions(), shape.batch(), shape.hiddenSize());
    states = new NDList(manager.zeros(state), manager.zeros(state));
    weights = new NDList();
    int rows = LstmShape.GATES * shape.hiddenSize();
    for (List<LstmShape.Weights> layer : shape.weights()) {
      for (LstmShape.Weights direction : layer) {
        weights.add(array(direction.input(), rows, direction.inputSize()));
        weights.add(array(direction.recurrent(), rows, shape.hiddenSize()));
        weights.add(array(direction.bias(), rows));
        weights.add(array(new float[rows], rows));
      }
    }
  }

  @Override
  public String description() {
    return "PyTorch " + manager.getEngine().getVersion() + " through DJL, " + threads + " threads";
  }

  @Override
  public void run() {
    outputs.close();
    outputs =
        x.getNDArrayInternal()
            .lstm(
                x, states, weights, true, shape.layers(), 0, false, shape.directions() == 2, false);
  }

  @Override
  public Tensor y() {
    return Tensor.of(
        outputs.head().toFloatArray(), shape.steps(), shape.batch(), shape.outputSize());
  }

  @Override
  public void close() {
    manager.close();
  }

  private NDArray array(float[] values, long... dims) {
    return manager.create(values, new Shape(dims));
  }
}
