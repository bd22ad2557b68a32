package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.job.Limits;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** Options of {@code lethe run} for work that goes through memory in chunks. */
final class JobOptions {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,9})([kmgKMG]?)");

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "Run at most N sequences at a time; default: as many as --memory holds.")
  private Optional<Integer> batchSize = Optional.empty();

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = {
        "Memory for arrays, as in 256m or 2g; default: half of what Java may use, at most 1g.",
        "One sequence at a time goes through whatever it takes."
      })
  private Optional<String> memory = Optional.empty();

  @Option(
      names = "--resume",
      description = "Go on where a run of the same job ended before it was done.")
  private boolean resume;

  @Option(
      names = "--offsets",
      paramLabel = "FILE",
      description = {
        "Sequences of any lengths stand one after another in the inputs, [sum of lengths, ...];",
        "FILE says where each begins, and where the last ends: an integer array [batch + 1]."
      })
  private Optional<Path> offsets = Optional.empty();

  /** Whether one of them is given. */
  boolean isGiven() {
    return batchSize.isPresent() || memory.isPresent() || resume || offsets.isPresent();
  }

  boolean isResume() {
    return resume;
  }

  Optional<Path> offsets() {
    return offsets;
  }

  /** Refuses values that make no sense; before anything that takes long. */
  void check() {
    limits(1);
  }

  /** What is refused where sequences cannot be taken apart. */
  void checkWhole(String obstacle, boolean severalDevices) {
    if (severalDevices) {
      throw new InputException("-d: " + obstacle + ", so that it runs on one device; name one");
    }
    if (batchSize.isPresent() || offsets.isPresent()) {
      String option = batchSize.isPresent() ? "--batch-size" : "--offsets";
      throw new InputException(option + ": " + obstacle + "; leave it out");
    }
  }

  Limits limits(int devices) {
    if (batchSize.isPresent() && batchSize.get() < 1) {
      throw new InputException("--batch-size " + batchSize.get() + ": must be at least 1");
    }
    return new Limits(
        memory.map(JobOptions::bytes).orElseGet(Limits::defaultMemory), batchSize, devices);
  }

  private static long bytes(String text) {
    Matcher size = SIZE.matcher(text);
    if (!size.matches() || Long.parseLong(size.group(1)) == 0) {
      throw new InputException("--memory " + text + ": must be a size, as in 256m or 2g");
    }
    int shift =
        switch (size.group(2)) {
          case "k", "K" -> 10;
          case "m", "M" -> 20;
          case "g", "G" -> 30;
          default -> 0;
        };
    return Long.parseLong(size.group(1)) << shift;
  }
}
