package dev.lethe.cli;

import dev.lethe.Dim;
import dev.lethe.Network;
import dev.lethe.Port;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lethe info}. */
@Command(
    name = "info",
    header = "Show a model's inputs, outputs, stages, parameters and operations.",
    footer = {
      "%nExamples:",
      "  lethe info model.onnx",
      "  lethe info model.safetensors --json",
      ExitCodes.HELP
    })
final class InfoCommand implements Callable<Integer> {
  @Parameters(paramLabel = "MODEL", description = Model.FILE)
  private Path model = Path.of("");

  @Option(
      names = {"-i", "--input"},
      paramLabel = "NAME=FILE",
      description = "Weights that the model takes as inputs; other arrays are not looked at.")
  private List<String> inputs = List.of();

  @Option(names = "--json", description = "Write JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Model.requireFile(model);
    Network network = Model.load(model, Inputs.read(inputs).named()).network();
    PrintWriter out = Main.out(spec);
    if (json) {
      Json.print(out, json(network));
    } else {
      print(network, out);
    }
    out.flush();
    return ExitCodes.DONE;
  }

  private static void print(Network network, PrintWriter out) {
    new Table()
        .row("name", network.name())
        .row("format", network.format())
        .row("parameters", String.format("%,d", network.parameters()))
        .row("operations", operations(network))
        .print(out, "");
    out.println("inputs");
    ports(network.inputs()).print(out, "  ");
    out.println("outputs");
    ports(network.outputs()).print(out, "  ");
    out.println("stages");
    network.stages().forEach(stage -> out.println("  " + Failures.oneLine(stage)));
  }

  private static Table ports(List<Port> ports) {
    Table table = new Table();
    for (Port port : ports) {
      String optional = port.optional() ? "optional: " + port.meaning() : "";
      table.row(port.name(), port.type().toString(), port.shape().toString(), optional);
    }
    return table;
  }

  private static String operations(Network network) {
    Map<String, Integer> sizes = ones(network);
    return String.format("%,d per %s", network.operations(sizes), unit(sizes));
  }

  private static String unit(Map<String, Integer> sizes) {
    return sizes.isEmpty() ? "run" : "run with " + String.join(" = ", sizes.keySet()) + " = 1";
  }

  /** Every named size at 1: one sequence, one time step. */
  private static Map<String, Integer> ones(Network network) {
    Map<String, Integer> sizes = new TreeMap<>();
    Stream.concat(network.inputs().stream(), network.outputs().stream())
        .flatMap(port -> port.shape().dims().stream())
        .map(Dim::symbols)
        .forEach(symbols -> symbols.forEach(name -> sizes.put(name, 1)));
    return sizes;
  }

  private static Map<String, Object> json(Network network) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("name", network.name());
    all.put("format", network.format());
    all.put("parameters", network.parameters());
    all.put("operations", network.operations(ones(network)));
    all.put("operations_sizes", ones(network));
    network.batchSize().ifPresent(name -> all.put("batch_size", name));
    network.timeSteps().ifPresent(name -> all.put("time_steps", name));
    all.put("inputs", network.inputs().stream().map(InfoCommand::json).toList());
    all.put("outputs", network.outputs().stream().map(InfoCommand::json).toList());
    all.put("stages", network.stages());
    return all;
  }

  private static Map<String, Object> json(Port port) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("name", port.name());
    all.put("type", port.type());
    all.put(
        "shape",
        port.shape().dims().stream()
            .map(dim -> dim.isConstant() ? (Object) dim.factor() : dim.toString())
            .toList());
    all.put("optional", port.optional());
    return all;
  }
}
