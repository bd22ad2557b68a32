package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Options;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lethe verify}. */
@Command(
    name = "verify",
    header = "Run recorded cases and count those that pass.",
    description = {
      "A case is a folder with case.json, a model, and test_data_set_*/input_K.pb, output_K.pb",
      "(ONNX's own layout; .npy and names in place of K do as well).",
      "A line for each failure; the last line is 'N passed, N failed'.",
      "%nAn element may be off by atol + rtol * |expected|, as case.json has them. With another",
      "precision than fp32, in which results are recorded, what its rounding may cost is added, as",
      "lethe compare allows it."
    },
    footer = {
      "%nExamples:",
      "  lethe verify cases/",
      "  lethe verify -d opencl cases/plain cases/bidirectional",
      ExitCodes.HELP
    })
final class VerifyCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "CASE",
      arity = "1..*",
      description = "A folder with a case.json, or one that holds such folders at any depth.")
  private List<Path> folders = List.of();

  @Mixin private DeviceOptions device = new DeviceOptions();
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Options options = device.options();
    Set<Path> cases = cases();
    // what is held against the recorded results is the arithmetic that large work gets
    OptionalInt code = FasterJava.run(spec, options, Long.MAX_VALUE);
    if (code.isPresent()) {
      return code.getAsInt();
    }
    SelfTest.network().open(options).close();
    CaseRunner runner = new CaseRunner(options);
    PrintWriter out = Main.out(spec);
    int passed = 0;
    int failed = 0;
    for (Path folder : cases) {
      Optional<String> failure = runner.failure(folder);
      failure.ifPresent(
          text -> out.println("FAILED " + folder.getFileName() + ": " + Failures.oneLine(text)));
      passed += failure.isEmpty() ? 1 : 0;
      failed += failure.isPresent() ? 1 : 0;
    }
    out.println(passed + " passed, " + failed + " failed");
    out.flush();
    return failed == 0 ? ExitCodes.DONE : ExitCodes.CHECK_FAILED;
  }

  private Set<Path> cases() {
    Set<Path> cases = new LinkedHashSet<>();
    folders.forEach(folder -> cases.addAll(Case.find(folder)));
    if (cases.isEmpty()) {
      throw new InputException(
          folders + ": no case.json in or under; give folders of recorded cases");
    }
    return cases;
  }
}
