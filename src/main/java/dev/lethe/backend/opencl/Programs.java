package dev.lethe.backend.opencl;

import dev.lethe.DeviceException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_program;

/** Compiles kernel files, each once for each set of options. Owns the programs. */
final class Programs implements AutoCloseable {
  private final Context context;
  private final ProgramCache cache;
  private final Map<String, cl_program> programs = new HashMap<>();

  Programs(Context context, ProgramCache cache) {
    this.context = context;
    this.cache = cache;
  }

  /**
   * A new kernel, which the caller owns.
   *
   * @param file in {@code kernels/}
   * @param options -D options, from the plan
   * @throws DeviceException when the kernel does not compile; never a silent fallback
   */
  Kernel kernel(String file, String name, String options) {
    cl_program program =
        programs.computeIfAbsent(file + "\n" + options, key -> program(file, options));
    int[] code = new int[1];
    cl_kernel kernel = CL.clCreateKernel(program, name, code);
    context.check(code[0], "creating the kernel " + name + " of " + file);
    return new Kernel(context, name, options, kernel);
  }

  private cl_program program(String file, String options) {
    context.mayCompile();
    String source = KernelSource.read(file);
    String key = ProgramCache.key(context.facts(), options, source);
    Optional<cl_program> cached = cache.load(key).flatMap(binary -> fromBinary(binary, options));
    if (cached.isPresent()) {
      Handles.opened(Handles.Kind.PROGRAM);
      return cached.get();
    }
    cl_program program = compile(file, source, options);
    Handles.opened(Handles.Kind.PROGRAM);
    binary(program).ifPresent(binary -> cache.store(key, binary));
    return program;
  }

  private cl_program compile(String file, String source, String options) {
    int[] code = new int[1];
    cl_program program =
        CL.clCreateProgramWithSource(
            context.handle(), 1, new String[] {source}, new long[] {source.length()}, code);
    context.check(code[0], "reading the kernels of " + file);
    int built = build(program, options);
    if (built != CL.CL_SUCCESS) {
      String log = buildLog(program);
      CL.clReleaseProgram(program);
      throw new DeviceException(
          "device "
              + context.label()
              + ": "
              + file
              + " does not compile ("
              + ClError.name(built)
              + "): "
              + firstError(log)
              + "; update its driver, or take another device",
          new DeviceException("options " + options + "\n" + log));
    }
    return program;
  }

  // a binary that the driver no longer takes is no fault: the source is there
  private Optional<cl_program> fromBinary(byte[] binary, String options) {
    int[] code = new int[1];
    cl_device_id[] devices = {context.device()};
    cl_program program =
        CL.clCreateProgramWithBinary(
            context.handle(),
            1,
            devices,
            new long[] {binary.length},
            new byte[][] {binary},
            new int[1],
            code);
    if (code[0] != CL.CL_SUCCESS) {
      return Optional.empty();
    }
    if (build(program, options) != CL.CL_SUCCESS) {
      CL.clReleaseProgram(program);
      return Optional.empty();
    }
    return Optional.of(program);
  }

  private int build(cl_program program, String options) {
    cl_device_id[] devices = {context.device()};
    return CL.clBuildProgram(program, 1, devices, options, null, null);
  }

  private static Optional<byte[]> binary(cl_program program) {
    long[] size = new long[1];
    int code =
        CL.clGetProgramInfo(
            program, CL.CL_PROGRAM_BINARY_SIZES, Sizeof.size_t, Pointer.to(size), null);
    if (code != CL.CL_SUCCESS || size[0] <= 0 || size[0] > ProgramCache.MOST_BYTES) {
      return Optional.empty();
    }
    byte[] bytes = new byte[(int) size[0]];
    Pointer pointers = Pointer.to(Pointer.to(bytes));
    code = CL.clGetProgramInfo(program, CL.CL_PROGRAM_BINARIES, Sizeof.POINTER, pointers, null);
    return code == CL.CL_SUCCESS ? Optional.of(bytes) : Optional.empty();
  }

  private String buildLog(cl_program program) {
    long[] size = new long[1];
    CL.clGetProgramBuildInfo(program, context.device(), CL.CL_PROGRAM_BUILD_LOG, 0, null, size);
    byte[] bytes = new byte[(int) Math.min(size[0], 1 << 20)];
    CL.clGetProgramBuildInfo(
        program, context.device(), CL.CL_PROGRAM_BUILD_LOG, bytes.length, Pointer.to(bytes), null);
    return new String(bytes, StandardCharsets.UTF_8).replace("\0", "").strip();
  }

  private static String firstError(String log) {
    return log.lines()
        .filter(line -> line.contains("error"))
        .findFirst()
        .orElse(log.isEmpty() ? "the compiler says nothing" : log.lines().iterator().next());
  }

  @Override
  public void close() {
    for (cl_program program : programs.values()) {
      CL.clReleaseProgram(program);
      Handles.closed(Handles.Kind.PROGRAM);
    }
    programs.clear();
  }
}
