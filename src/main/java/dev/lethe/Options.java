package dev.lethe;

/**
 * How a session is opened.
 *
 * @param device {@code auto}, {@code cpu}, {@code cpu:scalar}, {@code opencl} (the first OpenCL
 *     device that works) or {@code opencl:P.D}
 * @param threads how many threads the CPU device uses; 0 for one per processor
 * @param precision of the inputs of the LSTM layers' products; what a device has, {@link
 *     Device#computes} tells
 */
public record Options(String device, int threads, Precision precision) {
  /**
   * Checks the number of threads; the device is looked for when a session is opened.
   *
   * @param device {@code auto} or the id of a device
   * @param threads 0 to 1024
   * @param precision of the LSTM layers' products
   * @throws InputException when there are too many threads, or fewer than none
   */
  public Options {
    if (threads < 0 || threads > 1024) {
      throw new InputException("threads must be 0 (one per processor) to 1024, not " + threads);
    }
  }

  /**
   * In single precision.
   *
   * @param device {@code auto} or the id of a device
   * @param threads 0 to 1024
   * @throws InputException when there are too many threads, or fewer than none
   */
  public Options(String device, int threads) {
    this(device, threads, Precision.FP32);
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
    return new Options(newDevice, threads, precision);
  }

  /**
   * The same options with another number of threads.
   *
   * @param newThreads 1 to 1024, or 0 for one per processor
   * @return new options
   * @throws InputException when it is none of these
   */
  public Options withThreads(int newThreads) {
    return new Options(device, newThreads, precision);
  }

  /**
   * The same options in another precision.
   *
   * @param newPrecision of the LSTM layers' products; see {@link Device#computes}
   * @return new options
   */
  public Options withPrecision(Precision newPrecision) {
    return new Options(device, threads, newPrecision);
  }
}
