package dev.lethe.backend.opencl;

import dev.lethe.backend.StridedCopy;
import dev.lethe.network.Concat;
import dev.lethe.network.Constant;
import dev.lethe.network.Embedding;
import dev.lethe.network.Expand;
import dev.lethe.network.Lstm;
import dev.lethe.network.SelectStep;
import dev.lethe.network.Slice;
import dev.lethe.network.Stage;
import dev.lethe.network.Transpose;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Host side of move.cl: the stages that move elements about. */
final class Move {
  private static final int AXES = 5;

  private Move() {}

  /** Transpose, slice, repetition and concatenation: one strided copy, or one for each input. */
  static final class Copies implements StageRunner {
    private final Stage stage;
    private final Context context;
    private final OpenClPlan plan;
    private final List<Kernel> kernels = new ArrayList<>();
    private final List<Buffer> axes = new ArrayList<>();

    Copies(Stage stage, Context context, Programs programs, OpenClPlan plan) {
      this.stage = stage;
      this.context = context;
      this.plan = plan;
      for (int k = 0; k < stage.inputs().size(); k++) {
        kernels.add(programs.kernel("move.cl", "strided_copy", ""));
        axes.add(context.allocate(stage.name() + " strides", 3L * AXES * Integer.BYTES));
      }
    }

    @Override
    public Runnable bind(Map<String, Integer> sizes, Values values) {
      List<StridedCopy> copies = copies(sizes);
      for (int k = 0; k < copies.size(); k++) {
        StridedCopy copy = copies.get(k);
        context.write(axes.get(k), axes(copy));
        kernels
            .get(k)
            .set(0, copy.count())
            .set(1, copy.fromOffset())
            .set(2, copy.toOffset())
            .set(3, axes.get(k))
            .set(4, values.named(copy.from()))
            .set(5, values.named(copy.to()));
      }
      return () -> {
        for (int k = 0; k < copies.size(); k++) {
          kernels.get(k).launch(copies.get(k).count(), 1, plan.flatItems(), 1);
        }
      };
    }

    private List<StridedCopy> copies(Map<String, Integer> sizes) {
      if (stage instanceof Transpose transpose) {
        return List.of(StridedCopy.of(transpose, sizes));
      } else if (stage instanceof Slice slice) {
        return List.of(StridedCopy.of(slice, sizes));
      } else if (stage instanceof Expand expand) {
        return List.of(StridedCopy.of(expand, sizes));
      } else if (stage instanceof Concat concat) {
        return StridedCopy.of(concat, sizes);
      }
      throw new IllegalStateException("not a copy: " + stage.describe());
    }

    private static ByteBuffer axes(StridedCopy copy) {
      ByteBuffer bytes =
          ByteBuffer.allocateDirect(3 * AXES * Integer.BYTES).order(ByteOrder.nativeOrder());
      put(bytes, copy.extents(), 1);
      put(bytes, copy.fromStrides(), 0);
      put(bytes, copy.toStrides(), 0);
      return bytes.flip();
    }

    private static void put(ByteBuffer bytes, List<Integer> numbers, int filler) {
      if (numbers.size() > AXES) {
        throw new IllegalStateException("more than " + AXES + " axes: " + numbers);
      }
      for (int k = numbers.size(); k < AXES; k++) {
        bytes.putInt(filler);
      }
      numbers.forEach(bytes::putInt);
    }

    @Override
    public void close() {
      kernels.forEach(Kernel::close);
      axes.forEach(Buffer::close);
    }
  }

  /** Rows of a table by their ids. */
  static final class EmbeddingRunner implements StageRunner {
    private final Embedding stage;
    private final OpenClPlan plan;
    private final Kernel kernel;
    private final Buffer table;

    EmbeddingRunner(Embedding stage, Context context, Programs programs, OpenClPlan plan) {
      this.stage = stage;
      this.plan = plan;
      this.kernel = programs.kernel("move.cl", "embedding", "");
      this.table = context.upload(stage.name() + " table", stage.table().toArray());
    }

    @Override
    public Runnable bind(Map<String, Integer> sizes, Values values) {
      int count = stage.y().shape().count().resolve(sizes);
      kernel.set(0, count).set(1, stage.table().columns()).set(2, stage.table().rows());
      kernel.set(3, table).set(4, values.of(stage.ids())).set(5, values.of(stage.y()));
      return () -> kernel.launch(count, 1, plan.flatItems(), 1);
    }

    @Override
    public void close() {
      kernel.close();
      table.close();
    }
  }

  /** A step counted back from each sequence's end. */
  static final class SelectStepRunner implements StageRunner {
    private final SelectStep stage;
    private final OpenClPlan plan;
    private final Kernel kernel;

    SelectStepRunner(SelectStep stage, Programs programs, OpenClPlan plan) {
      this.stage = stage;
      this.plan = plan;
      this.kernel = programs.kernel("move.cl", "select_step", "");
    }

    @Override
    public Runnable bind(Map<String, Integer> sizes, Values values) {
      int[] y = stage.y().shape().resolve(sizes);
      int[] x = stage.x().shape().resolve(sizes);
      boolean timeMajor = stage.layout() == Lstm.SequenceLayout.TIME_MAJOR;
      int sequences = y[0];
      int width = y[1];
      kernel.set(0, sequences).set(1, width);
      kernel.set(2, timeMajor ? width : x[1] * width).set(3, timeMajor ? sequences * width : width);
      kernel.set(4, stage.back()).set(5, values.of(stage.lengths()));
      kernel.set(6, values.of(stage.x())).set(7, values.of(stage.y()));
      return () -> kernel.launch((long) sequences * width, 1, plan.flatItems(), 1);
    }

    @Override
    public void close() {
      kernel.close();
    }
  }

  /** A fixed tensor: uploaded when its buffer is made, left alone by runs. */
  record ConstantRunner(Constant stage, Context context) implements StageRunner {
    @Override
    public Runnable bind(Map<String, Integer> sizes, Values values) {
      context.write(values.of(stage.y()), stage.data().bytes());
      return () -> {};
    }

    @Override
    public void close() {}
  }
}
