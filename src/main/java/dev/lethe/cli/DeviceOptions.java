package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Options;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of every command that runs a network. */
final class DeviceOptions {
  private static final List<String> PRECISIONS = List.of("fp32");

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
      description = "fp32 (default); no other is there yet.")
  private Optional<String> precision = Optional.empty();

  /** The precision that is asked for, or every one that there is. */
  List<String> precisions() {
    return precision.map(List::of).orElse(PRECISIONS);
  }

  /**
   * How to open the session.
   *
   * @throws InputException when an option has no such value
   */
  Options options() {
    precision
        .filter(each -> !PRECISIONS.contains(each))
        .ifPresent(
            unknown -> {
              throw new InputException(
                  "-p "
                      + unknown
                      + ": no such precision; there is "
                      + String.join(", ", PRECISIONS));
            });
    return new Options(device, threads);
  }
}
