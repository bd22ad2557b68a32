package dev.lethe;

/**
 * How a session is opened.
 *
 * @param device {@code auto}, {@code cpu}, {@code cpu:scalar}, {@code opencl} (the first OpenCL
 *     device that works) or {@code opencl:P.D}
 * @param threads how many threads the CPU device uses; 0 for one per processor
 */
public record Options(String device, int threads) {
  /**
   * Checks the number of threads; the device is looked for when a session is opened.
   *
   * @param device {@code auto} or the id of a device
   * @param threads 0 to 1024
   * @throws InputException when there are too many threads, or fewer than none
   */
  public Options {
    if (threads < 0 || threads > 1024) {
      throw new InputException("threads must be 0 (one per processor) to 1024, not " + threads);
    }
  }

  /** {@return the best device; one thread per processor where that is the CPU} */
  public static Options defaults() {
    return new Options("auto", 0);
  }

  /**
   * The same options on another device.
   *
   * @param newDevice {@code auto}, {@code cpu}, {@code cpu:scalar}, {@code opencl} or {@code
   *     opencl:P.D}
   * @return new options
   */
  public Options withDevice(String newDevice) {
    return new Options(newDevice, threads);
  }

  /**
   * The same options with another number of threads.
   *
   * @param newThreads 1 to 1024, or 0 for one per processor
   * @return new options
   * @throws InputException when it is none of these
   */
  public Options withThreads(int newThreads) {
    return new Options(device, newThreads);
  }
}
