package dev.lethe.cli;

import dev.lethe.Device;
import dev.lethe.Lethe;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lethe doctor}. */
@Command(
    name = "doctor",
    header = "Show every device, try each, say which one auto takes and why not the others.",
    description = {
      "Each device that can run computes a small LSTM, which is held against the reference;",
      "where something is missing, it says what to install. Exit code 1 if results are wrong."
    },
    footer = {"%nExamples:", "  lethe doctor", "  lethe doctor --json", ExitCodes.HELP})
final class DoctorCommand implements Callable<Integer> {
  private static final String VECTOR = FasterJava.MODULE;
  private static final String TURN_ON =
      "java --add-modules "
          + VECTOR
          + " -jar lethe.jar turns on the faster Vector API;"
          + " run, compare, bench and verify do so by themselves where it pays";

  @Option(names = "--json", description = "Write JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  private record Finding(Device device, boolean chosen, SelfTest.Result test) {
    String verdict() {
      if (!device.usable()) {
        return "cannot run";
      }
      return test.works() ? "works" : test.wrong() ? "WRONG" : "FAILS";
    }

    String auto() {
      return chosen ? "chosen by auto" : "not chosen: " + why();
    }

    private String why() {
      return device.refusal().isEmpty() ? "another is preferred" : device.refusal();
    }
  }

  @Override
  public Integer call() {
    List<Finding> findings = examine();
    PrintWriter out = Main.out(spec);
    if (json) {
      Json.print(out, json(findings));
    } else {
      print(findings, out);
    }
    out.flush();
    if (!vectors()) {
      Main.err(spec).println("lethe: plain Java arithmetic on the CPU; " + TURN_ON);
    }
    boolean wrong = findings.stream().anyMatch(finding -> finding.test().wrong());
    return wrong ? ExitCodes.CHECK_FAILED : ExitCodes.DONE;
  }

  private static List<Finding> examine() {
    List<Device> devices = Lethe.devices();
    String chosen =
        devices.stream()
            .filter(device -> device.usable() && device.refusal().isEmpty())
            .map(Device::id)
            .findFirst()
            .orElse("");
    List<Finding> findings = new ArrayList<>();
    for (Device device : devices) {
      SelfTest.Result result = device.usable() ? SelfTest.run(device) : SelfTest.Result.NOT_RUN;
      findings.add(new Finding(device, device.id().equals(chosen), result));
    }
    return findings;
  }

  private static void print(List<Finding> findings, PrintWriter out) {
    new Table()
        .row("lethe", Versions.lethe())
        .row("java", Versions.java())
        .row("system", system())
        .row("vectors", vectors() ? "on" : "off; " + TURN_ON)
        .row("native", nativeAccess())
        .print(out, "");
    out.println();
    Table table = new Table().row("DEVICE", "NAME", "STATE", "AUTO");
    for (Finding finding : findings) {
      table.row(finding.device().id(), finding.device().name(), finding.verdict(), finding.auto());
    }
    table.print(out, "");
    out.println();
    Table details = new Table();
    for (Finding finding : findings) {
      if (!finding.device().description().isEmpty()) {
        details.row(finding.device().id(), finding.device().description());
      }
      if (finding.device().usable() && !finding.test().works()) {
        details.row(finding.device().id(), finding.test().text());
      }
    }
    details.print(out, "");
  }

  private static String system() {
    return System.getProperty("os.name")
        + " "
        + System.getProperty("os.arch")
        + ", "
        + Runtime.getRuntime().availableProcessors()
        + " processors";
  }

  /** Whether this Java was started with the module of vector arithmetic. */
  static boolean vectors() {
    return ModuleLayer.boot().findModule(VECTOR).isPresent();
  }

  /** Java 24 and later warn about native access unless it is granted; before, everyone has it. */
  private static String nativeAccess() {
    if (Runtime.version().feature() < 22) {
      return "allowed (this Java always does)";
    }
    try {
      Object enabled =
          Module.class.getMethod("isNativeAccessEnabled").invoke(DoctorCommand.class.getModule());
      return Boolean.TRUE.equals(enabled)
          ? "allowed"
          : "allowed with a warning; --enable-native-access=ALL-UNNAMED silences it";
    } catch (ReflectiveOperationException e) {
      return "unknown";
    }
  }

  private static Map<String, Object> json(List<Finding> findings) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("lethe", Versions.lethe());
    all.put("java", Versions.java());
    all.put("system", system());
    all.put("vectors", vectors());
    all.put("native_access", nativeAccess());
    all.put("devices", findings.stream().map(DoctorCommand::json).toList());
    return all;
  }

  private static Map<String, Object> json(Finding finding) {
    Device device = finding.device();
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("id", device.id());
    all.put("kind", device.kind());
    all.put("name", device.name());
    all.put("description", device.description());
    all.put("usable", device.usable());
    all.put("chosen", finding.chosen());
    all.put("refusal", device.refusal());
    all.put("works", finding.test().works());
    all.put("result", finding.test().text());
    return all;
  }
}
