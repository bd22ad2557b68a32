package dev.lethe;

/**
 * Something that can run a network, or could if it were whole.
 *
 * @param id what {@link Options#device()} and the command line's {@code -d} take: {@code cpu},
 *     {@code cpu:scalar}, {@code opencl:0.1} (platform 0, device 1)
 * @param kind what it is
 * @param name as the driver tells it
 * @param description platform, driver version, compute units and memory, for people
 * @param refusal why {@code auto} does not take it, in a few words, and after a semicolon what
 *     would help; empty when it may
 * @param usable whether it can run at all when asked for by its id
 */
public record Device(
    String id, Kind kind, String name, String description, String refusal, boolean usable) {
  /** Kinds, from what {@code auto} likes best. */
  public enum Kind {
    /** A GPU or accelerator through OpenCL. */
    OPENCL_GPU,
    /** This machine's processor, from Java. */
    CPU,
    /**
     * This machine's processor through OpenCL: taken only when asked for, since the Java path is
     * faster.
     */
    OPENCL_CPU,
    /** The slow reference in double precision. */
    REFERENCE
  }

  /**
   * Whether sessions here can round what LSTM layers multiply.
   *
   * @param precision what to
   * @return true for fp32, where nothing is rounded; for bf16, fp16 and int8 on the CPU, which
   *     keeps weights so; for int8 on the reference; for all on OpenCL devices
   */
  public boolean computes(Precision precision) {
    return switch (kind) {
      case OPENCL_GPU, OPENCL_CPU -> true;
      case CPU -> precision != Precision.TF32;
      case REFERENCE -> precision == Precision.FP32 || precision == Precision.INT8;
    };
  }
}
