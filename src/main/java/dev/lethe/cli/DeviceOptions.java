package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Options;
import picocli.CommandLine.Option;

/** Options of every command that runs a network. */
final class DeviceOptions {
  @Option(
      names = {"-d", "--device"},
      paramLabel = "DEVICE",
      defaultValue = "auto",
      description = {
        "auto (default), cpu, cpu:scalar, opencl (the first that works) or opencl:P.D",
        "(platform P, device D); lethe doctor lists them."
      })
  private String device = "auto";

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads of the CPU device; 0 (default): one per processor.")
  private int threads;

  @Option(
      names = {"-p", "--precision"},
      paramLabel = "PRECISION",
      defaultValue = "fp32",
      description = "fp32 (default); no other is there yet.")
  private String precision = "fp32";

  /** The precision that is asked for. */
  String precision() {
    return precision;
  }

  /**
   * How to open the session.
   *
   * @throws InputException when an option has no such value
   */
  Options options() {
    if (!precision.equals("fp32")) {
      throw new InputException("-p " + precision + ": no such precision; there is fp32");
    }
    return new Options(device, threads);
  }
}
