package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Options;
import dev.lethe.Precision;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of every command that runs a network. */
final class DeviceOptions {
  @Option(
      names = {"-d", "--device"},
      paramLabel = "DEVICE",
      defaultValue = "auto",
      description =
          "auto (default), cpu, cpu:scalar, opencl (the first that works) or opencl:P.D (platform P,"
              + " device D); lethe doctor lists them. With lethe run also several, as in"
              + " cpu,opencl:1.0, or the word all, for each that auto could take: they share the"
              + " sequences.")
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
      description =
          "fp32 (default; lethe compare takes every one); tf32, bf16 or fp16: LSTM layers round what"
              + " they multiply, and sum in fp32. On the CPU bf16 and fp16 round the weights alone,"
              + " and tf32 is not there. int8: weights alone, as integers of 8 bits times a scale"
              + " for each row.")
  private Optional<String> precision = Optional.empty();

  /** The precision that is asked for, or every one that there is. */
  List<Precision> precisions() {
    return precision.map(Precision::parse).map(List::of).orElse(List.of(Precision.values()));
  }

  /**
   * How to open the session.
   *
   * @throws InputException when an option has no such value
   */
  Options options() {
    return new Options(device, threads, precision.map(Precision::parse).orElse(Precision.FP32));
  }
}
