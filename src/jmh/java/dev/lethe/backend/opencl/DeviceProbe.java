package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.network.Cell;
import dev.lethe.network.Matrix;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_program;

/**
 * Asks a device what lstm_persistent.cl and lstm_matrix.cl rest on: facts, atomics, whether
 * NVIDIA's instructions compile and give right results, what a wait of work-groups for each other,
 * an h that they hand each other and a launch cost, and what registers the compiler gives the
 * kernels.
 */
public final class DeviceProbe implements AutoCloseable {
  private static final String NOT_NVIDIA = "not applicable: the device is not NVIDIA's";

  private static final String BASICS =
      """
      #define POLLS (1 << 20)
      #include "exchange.cl"
      __kernel void nothing(__global int* out) {
        if (get_global_id(0) == 0) out[0] = 1;
      }
      __kernel void count(volatile __global int* counter) {
        atomic_inc(counter);
      }
      __kernel void fresh(volatile __global const float* x, __global float* y) {
        const int i = get_global_id(0);
        const int4 words = read_fresh4((volatile __global const int*)x + 4 * (i / 4));
        const int chosen = i % 4 == 0 ? words.x : i % 4 == 1 ? words.y : i % 4 == 2 ? words.z : words.w;
        y[i] = read_fresh(x + i) + as_float(chosen);
      }
      #ifdef PTX
      inline void arrive(volatile __global int* counter) {
        __asm__ volatile("red.release.gpu.global.add.u32 [%0], 1;" : : "l"(counter) : "memory");
      }
      inline int arrived(volatile __global int* counter) {
        int value;
        __asm__ volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(counter) : "memory");
        return value;
      }
      #else
      inline void arrive(volatile __global int* counter) {
        mem_fence(CLK_GLOBAL_MEM_FENCE);
        atomic_inc(counter);
      }
      inline int arrived(volatile __global int* counter) {
        const int value = atomic_add(counter, 0);
        mem_fence(CLK_GLOBAL_MEM_FENCE);
        return value;
      }
      #endif
      // each group writes a number a round, and adds up those of all groups in the next
      __kernel void meet(const int rounds, volatile __global int* counter, volatile __global int* failed,
                         volatile __global float* even, volatile __global float* odd, __global float* sums) {
        __local int go;
        const int groups = get_num_groups(0);
        float sum = 0.0f;
        int met = 1;
        for (int round = 0; round < rounds && met; ++round) {
          volatile __global float* mine = round % 2 == 0 ? even : odd;
          if (get_local_id(0) == 0) mine[get_group_id(0)] = (float)(round % 7 + get_group_id(0) % 3);
          barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
          if (get_local_id(0) == 0) {
            arrive(counter);
            go = 1;
            for (int n = 1; go && arrived(counter) < groups * (round + 1); ++n) go = look_again(n, failed);
          }
          barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
          met = go;
          if (met && get_local_id(0) < groups) sum += read_fresh(mine + get_local_id(0));
        }
        sums[get_global_id(0)] = sum;
      }
      // the same without a counter: each round's numbers have words of their own, as lstm_persistent.cl has it
      __kernel void hand(const int rounds, volatile __global float* history, volatile __global int* failed,
                         __global float* sums) {
        __local int lost;
        const int item = get_local_id(0);
        const int groups = get_num_groups(0);
        float sum = 0.0f;
        if (item == 0) lost = 0;
        barrier(CLK_LOCAL_MEM_FENCE);
        int met = 1;
        for (int round = 0; round < rounds && met; ++round) {
          volatile __global float* mine = history + (size_t)round * groups;
          if (item == 0) write_fresh(mine + get_group_id(0), (float)(round % 7 + get_group_id(0) % 3));
          barrier(EXCHANGED);
          if (item < groups) {
            float seen = read_fresh(mine + item);
            for (int n = 1; as_int(seen) == UNWRITTEN; ++n) {
              if (!look_again(n, failed)) {
                lost = 1;
                break;
              }
              seen = read_fresh(mine + item);
            }
            sum += seen;
          }
          rejoin();
          barrier(CLK_LOCAL_MEM_FENCE);
          met = !lost;
        }
        sums[get_global_id(0)] = sum;
      }
      """;

  /** Rounds of groups that wait for each other. */
  private static final int ROUNDS = 1000;

  private static final int ITEMS = 256;

  private static final String MATRIX =
      """
      #define ITEMS 32
      #define MATRIX
      #include "precision.cl"
      __kernel __attribute__((reqd_work_group_size(32, 1, 1)))
      void multiply(__global const int4* a, __global const int2* b, __global float4* c) {
        __local int box[BOX_WORDS];
        const int l = get_local_id(0);
        c[l] = mma(a[l], b[l], c[l], box);
      }
      """;

  private final Context context;
  private final Discovery.Found found;
  private final boolean nvidia;
  private final Map<String, String> report = new LinkedHashMap<>();

  private DeviceProbe(Discovery.Found found) {
    this.found = found;
    this.context = Context.open(found);
    this.nvidia = found.facts().computeCapability() > 0;
  }

  /** Everything, by name; values are one line, or several where the compiler says so. */
  public static Map<String, String> run(String device) {
    try (DeviceProbe probe = new DeviceProbe(DeviceRuns.find(device))) {
      probe.all();
      return probe.report;
    }
  }

  private interface Question {
    String answer();
  }

  private void ask(String name, Question question) {
    String answer;
    try {
      answer = question.answer();
    } catch (RuntimeException e) {
      answer = "FAILED: " + e.getMessage();
    }
    report.put(name, answer);
  }

  private void all() {
    DeviceFacts facts = found.facts();
    report.put("facts", facts.toString());
    ask("atomics", this::atomics);
    ask("launch", this::launches);
    ask("read past the L1, 1.x", () -> fresh(""));
    ask("read past the L1, PTX", () -> nvidia ? fresh("-DPTX") : NOT_NVIDIA);
    int units = facts.computeUnits();
    for (int groups : new int[] {1, 16, 64, units}) {
      for (String options : new String[] {"", "-DPTX"}) {
        boolean ptx = !options.isEmpty();
        String kind = groups + " groups, " + (ptx ? "PTX" : "1.x");
        boolean atOnce = groups <= units && !(facts.cpu() && groups > 1);
        String none = ptx && !nvidia ? NOT_NVIDIA : "not applicable: groups need not run at once";
        boolean applies = (!ptx || nvidia) && atOnce;
        ask("wait of " + kind, () -> applies ? waits(groups, options) : none);
        ask("h handed among " + kind, () -> applies ? hands(groups, options) : none);
      }
    }
    for (Precision precision : Precision.values()) {
      if (OpenClPlan.onMatrixUnits(precision)) {
        String options = "-DPRECISION=" + precision.ordinal();
        ask("product of " + precision + ", portable", () -> product(precision, options));
        ask(
            "product of " + precision + ", PTX",
            () -> nvidia ? product(precision, options + " -DPTX") : NOT_NVIDIA);
      }
    }
    ask("registers", this::registers);
  }

  private Kernel kernel(String source, String name, String options) {
    cl_program program = build(KernelSource.included(source), options);
    int[] code = new int[1];
    cl_kernel kernel = CL.clCreateKernel(program, name, code);
    CL.clReleaseProgram(program); // which lives on with the kernel
    context.check(code[0], "creating " + name);
    return new Kernel(context, name, options, kernel);
  }

  private cl_program build(String source, String options) {
    int[] code = new int[1];
    cl_program program =
        CL.clCreateProgramWithSource(
            context.handle(), 1, new String[] {source}, new long[] {source.length()}, code);
    context.check(code[0], "reading a probe");
    cl_device_id[] devices = {found.id()};
    int built = CL.clBuildProgram(program, 1, devices, options, null, null);
    if (built != CL.CL_SUCCESS) {
      String log = log(program);
      CL.clReleaseProgram(program);
      throw new IllegalStateException("does not compile: " + log);
    }
    return program;
  }

  private String log(cl_program program) {
    long[] size = new long[1];
    CL.clGetProgramBuildInfo(program, found.id(), CL.CL_PROGRAM_BUILD_LOG, 0, null, size);
    byte[] bytes = new byte[(int) Math.min(size[0], 1 << 20)];
    CL.clGetProgramBuildInfo(
        program, found.id(), CL.CL_PROGRAM_BUILD_LOG, bytes.length, Pointer.to(bytes), null);
    return new String(bytes, java.nio.charset.StandardCharsets.UTF_8).replace("\0", "").strip();
  }

  private Buffer ints(int... values) {
    return context.upload("probe", values);
  }

  private int[] readInts(Buffer buffer, int count) {
    Tensor target = Tensor.of(new int[count], count);
    context.read(buffer, target.bytes());
    return target.toIntArray();
  }

  private float[] readFloats(Buffer buffer, int count) {
    ByteBuffer bytes = Tensor.of(new float[count], count).bytes();
    context.read(buffer, bytes.duplicate().order(bytes.order()));
    float[] values = new float[count];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  private String atomics() {
    try (Buffer counter = ints(0);
        Kernel count = kernel(BASICS, "count", "")) {
      count.set(0, counter).launch(1 << 16, 1, 64, 1);
      int seen = readInts(counter, 1)[0];
      return seen == 1 << 16 ? "right" : "WRONG: " + seen + " of " + (1 << 16);
    }
  }

  private String launches() {
    int count = 1000;
    try (Buffer out = ints(0);
        Kernel nothing = kernel(BASICS, "nothing", "")) {
      nothing.set(0, out);
      double best = Double.POSITIVE_INFINITY;
      for (int sample = 0; sample < 5; sample++) {
        long start = System.nanoTime();
        for (int k = 0; k < count; k++) {
          nothing.launch(256, 1, 64, 1);
        }
        context.finish();
        best = Math.min(best, (System.nanoTime() - start) / 1e3 / count);
      }
      long start = System.nanoTime();
      for (int k = 0; k < count; k++) {
        nothing.launch(256, 1, 64, 1);
        context.finish();
      }
      double alone = (System.nanoTime() - start) / 1e3 / count;
      return format("%.2f us in a row, %.2f us when waited for", best, alone);
    }
  }

  private String fresh(String options) {
    float[] x = new float[64];
    for (int k = 0; k < x.length; k++) {
      x[k] = k * 1.5f;
    }
    try (Buffer from = context.upload("probe", x);
        Buffer to = context.upload("probe", new float[64]);
        Kernel fresh = kernel(BASICS, "fresh", options)) {
      fresh.set(0, from).set(1, to).launch(64, 1, 64, 1);
      float[] y = readFloats(to, 64);
      for (int k = 0; k < 64; k++) {
        if (y[k] != 2 * x[k]) {
          return "WRONG at " + k + ": " + y[k];
        }
      }
      return "right";
    }
  }

  private String waits(int groups, String options) {
    try (Buffer counter = ints(0);
        Buffer failed = ints(0);
        Buffer even = context.upload("probe", new float[groups]);
        Buffer odd = context.upload("probe", new float[groups]);
        Buffer sums = context.upload("probe", new float[groups * ITEMS]);
        Kernel meet = kernel(BASICS, "meet", options)) {
      meet.set(1, counter).set(2, failed).set(3, even).set(4, odd).set(5, sums);
      Runnable begin = () -> context.write(counter, Tensor.of(new int[1], 1).bytes());
      return rounds(meet, groups, begin, failed, sums);
    }
  }

  private String hands(int groups, String options) {
    int[] unwritten = new int[ROUNDS * groups];
    Arrays.fill(unwritten, -1);
    try (Buffer failed = ints(0);
        Buffer history = ints(unwritten);
        Buffer sums = context.upload("probe", new float[groups * ITEMS]);
        Kernel hand = kernel(BASICS, "hand", options)) {
      hand.set(1, history).set(2, failed).set(3, sums);
      Runnable begin = () -> context.write(history, Tensor.of(unwritten, unwritten.length).bytes());
      return rounds(hand, groups, begin, failed, sums);
    }
  }

  /** How long a round takes a kernel whose first argument is how many of them there are. */
  private String rounds(Kernel kernel, int groups, Runnable begin, Buffer failed, Buffer sums) {
    double[] times = new double[3]; // the first may compile
    for (int sample = 0; sample < 3; sample++) {
      begin.run();
      kernel.set(0, sample < 2 ? 1 : ROUNDS);
      context.finish();
      long start = System.nanoTime();
      kernel.launch((long) groups * ITEMS, 1, ITEMS, 1);
      context.finish();
      times[sample] = (System.nanoTime() - start) / 1e3;
    }
    if (readInts(failed, 1)[0] != 0) {
      return "WRONG: groups waited in vain";
    }
    float[] seen = readFloats(sums, groups * ITEMS);
    int base = 0;
    for (int round = 0; round < ROUNDS; round++) {
      base += round % 7;
    }
    for (int k = 0; k < seen.length; k++) {
      int other = k % ITEMS;
      if (other < groups && seen[k] != base + ROUNDS * (other % 3)) {
        return "WRONG: group " + k / ITEMS + " saw " + seen[k] + " of group " + other;
      }
    }
    return format("right, %.3f us", (times[2] - times[1]) / (ROUNDS - 1));
  }

  private String product(Precision precision, String options) {
    int perWord = MatrixWeights.values(precision);
    int depth = 8 * perWord;
    Random random = new Random(3);
    float[] a = numbers(random, precision, 16 * depth);
    float[] b = numbers(random, precision, 8 * depth);
    float[] c = numbers(random, Precision.FP32, 16 * 8);
    int[] left = new int[32 * 4];
    int[] right = new int[32 * 2];
    float[] sums = new float[32 * 4];
    for (int lane = 0; lane < 32; lane++) {
      int g = lane / 4;
      int t = lane % 4;
      for (int k = 0; k < 4; k++) {
        left[4 * lane + k] = word(precision, a, (g + 8 * (k % 2)) * depth, t + 4 * (k / 2));
        sums[4 * lane + k] = c[(g + 8 * (k / 2)) * 8 + 2 * t + k % 2];
      }
      right[2 * lane] = word(precision, b, g * depth, t);
      right[2 * lane + 1] = word(precision, b, g * depth, t + 4);
    }
    double worst = 0;
    try (Buffer leftBuffer = ints(left);
        Buffer rightBuffer = ints(right);
        Buffer sumBuffer = context.upload("probe", sums);
        Kernel multiply = kernel(MATRIX, "multiply", options)) {
      multiply.set(0, leftBuffer).set(1, rightBuffer).set(2, sumBuffer).launch(32, 1, 32, 1);
      float[] d = readFloats(sumBuffer, 32 * 4);
      for (int lane = 0; lane < 32; lane++) {
        for (int k = 0; k < 4; k++) {
          int row = lane / 4 + 8 * (k / 2);
          int column = 2 * (lane % 4) + k % 2;
          double expected = c[row * 8 + column];
          for (int i = 0; i < depth; i++) {
            expected += (double) a[row * depth + i] * b[column * depth + i];
          }
          double error = Math.abs(d[4 * lane + k] - expected);
          worst = error <= worst ? worst : Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
        }
      }
    }
    return format("%s, largest error %.2g", worst < 1e-5 ? "right" : "WRONG", worst);
  }

  private static float[] numbers(Random random, Precision precision, int count) {
    float[] values = new float[count];
    for (int k = 0; k < count; k++) {
      values[k] = precision.round(2 * random.nextFloat() - 1);
    }
    return values;
  }

  private static int word(Precision precision, float[] values, int first, int word) {
    int perWord = MatrixWeights.values(precision);
    float[] row = new float[(word + 1) * perWord];
    System.arraycopy(values, first, row, 0, row.length);
    return MatrixWeights.word(precision, Matrix.row(row), 0, word);
  }

  private String registers() {
    if (!nvidia) {
      return NOT_NVIDIA;
    }
    Map<String, String> wanted = new LinkedHashMap<>();
    Cell cell = Cell.of(Matrix.zeros(16, 4), Matrix.zeros(16, 4), Matrix.zeros(1, 16));
    for (Precision precision : Precision.values()) {
      OpenClPlan plan = OpenClPlan.of(found.facts(), precision);
      for (int hidden : new int[] {256, 512, 1024}) {
        LayerSizes sizes = new LayerSizes(64, 32, hidden, hidden, 1);
        Recurrence chosen = plan.choose(sizes, Recurrence.Permitted.ALL).recurrence();
        if (chosen instanceof PersistentPlan.Cut cut) {
          wanted.put(
              plan.options().persistent(cell, cut, LstmParts.Kind.ONE), cut.kernel() + ".cl");
        } else if (chosen instanceof StepTile tile) {
          wanted.put(
              plan.options().step(tile, cell, LstmParts.Kind.ONE, false, false), "lstm_step.cl");
        }
      }
      if (plan.matrix()) {
        for (MatrixProductTile tile : plan.matrixProducts()) {
          wanted.put(plan.options().matrixProduct(tile, 4), "product_matrix.cl");
        }
      } else {
        for (ProductTile tile : plan.products()) {
          wanted.put(plan.options().product(tile, true, 4, 16), "product.cl");
        }
      }
    }
    Pattern telling = Pattern.compile("registers|spill");
    StringBuilder lines = new StringBuilder();
    wanted.forEach(
        (options, file) -> {
          cl_program program = build(KernelSource.read(file), options + " -cl-nv-verbose");
          List<String> told =
              log(program).lines().filter(line -> telling.matcher(line).find()).toList();
          CL.clReleaseProgram(program);
          String brief = options.replaceAll(" -D(GATE|CANDIDATE|OUTPUT)=\\S*", "");
          lines.append(file).append(' ').append(brief).append(": ");
          lines.append(told.stream().map(String::strip).collect(Collectors.joining(" | ")));
          lines.append('\n');
        });
    return lines.toString().strip();
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  @Override
  public void close() {
    context.close();
  }
}
