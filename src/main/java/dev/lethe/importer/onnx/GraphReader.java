package dev.lethe.importer.onnx;

import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.proto.GraphProto;
import dev.lethe.importer.onnx.proto.ModelProto;
import dev.lethe.importer.onnx.proto.NodeProto;
import dev.lethe.importer.onnx.proto.OperatorSetIdProto;
import dev.lethe.importer.onnx.proto.TensorProto;
import dev.lethe.importer.onnx.proto.ValueInfoProto;
import dev.lethe.network.Graph;
import dev.lethe.network.Stage;
import dev.lethe.network.Value;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * Runs a parsed graph in the abstract, node by node, and makes a network of what could not be
 * folded.
 */
final class GraphReader {
  private static final long OLDEST_OPSET = 7;

  /**
   * Each attempt after the first has settled one named size, so a graph with sane names needs a
   * few.
   */
  private static final int MOST_ATTEMPTS = 200;

  private final Path file;
  private final GraphProto graph;
  private final Map<String, Tensor> bound;
  private final long opset;
  private final Map<String, Operator> operators = new TreeMap<>();
  private final Map<String, Item> constants = new HashMap<>();

  GraphReader(Path file, ModelProto model, Map<String, Tensor> bound) {
    this.file = file;
    this.graph = model.getGraph();
    this.bound = bound;
    this.opset = opset(model);
    operators.put("LSTM", LstmOperator::lower);
    operators.putAll(ShapeOperators.all(file));
    operators.putAll(SelectOperators.all());
    operators.putAll(MathOperators.all());
  }

  Network read() {
    requireOpset();
    graph.getNodeList().forEach(this::requireKnown);
    readConstants();
    Rewrites rewrites = Rewrites.none();
    Allowance allowance = new Allowance(held());
    for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      try {
        return attempt(rewrites, allowance);
      } catch (Rewrites.Restart restart) {
        rewrites = restart.next();
      }
    }
    throw error("the named sizes of its inputs contradict each other");
  }

  private static long opset(ModelProto model) {
    return model.getOpsetImportList().stream()
        .filter(entry -> isStandard(entry.getDomain()))
        .mapToLong(OperatorSetIdProto::getVersion)
        .max()
        .orElse(0);
  }

  private static boolean isStandard(String domain) {
    return domain.isEmpty() || domain.equals("ai.onnx");
  }

  private void requireOpset() {
    if (opset < OLDEST_OPSET) {
      throw error("it has opset " + opset + "; Lethe reads opset " + OLDEST_OPSET + " and later");
    }
  }

  private void requireKnown(NodeProto node) {
    if (!isStandard(node.getDomain()) || !operators.containsKey(node.getOpType())) {
      String domain = isStandard(node.getDomain()) ? "" : node.getDomain() + ".";
      throw error(
          "node '"
              + Node.name(node)
              + "' has operator "
              + domain
              + node.getOpType()
              + ", which Lethe does not run; it runs "
              + String.join(", ", operators.keySet()));
    }
  }

  private void readConstants() {
    TensorReader reader = new TensorReader(file);
    for (TensorProto tensor : graph.getInitializerList()) {
      if (constants.putIfAbsent(tensor.getName(), reader.read(tensor)) != null) {
        throw error("it has two tensors named '" + tensor.getName() + "'");
      }
    }
    for (ValueInfoProto input : graph.getInputList()) {
      Tensor tensor = bound.get(input.getName());
      if (tensor != null && !constants.containsKey(input.getName())) {
        constants.put(input.getName(), bind(input, tensor));
      }
    }
  }

  private Item bind(ValueInfoProto input, Tensor tensor) {
    try {
      return BoundInput.item(file, input, tensor);
    } catch (IllegalArgumentException e) {
      throw new ModelFormatException(
          file + ": input '" + input.getName() + "': " + e.getMessage(), e);
    }
  }

  /** Nearly all elements of constants; those inside of nodes count by their bytes. */
  private long held() {
    return graph.getSerializedSize()
        + constants.values().stream()
            .mapToLong(item -> item instanceof Item.Floats floats ? floats.data().length : 0)
            .sum();
  }

  private Network attempt(Rewrites rewrites, Allowance allowance) {
    Set<String> taken = new HashSet<>(constants.keySet());
    graph.getInputList().forEach(input -> taken.add(input.getName()));
    graph.getNodeList().forEach(node -> taken.add(node.getName()));
    graph.getNodeList().forEach(node -> taken.addAll(node.getOutputList()));
    boolean ownLengths = graph.getNodeList().stream().anyMatch(GraphReader::hasLengths);
    boolean free = !ownLengths && !taken.contains(Scope.LENGTHS);
    Scope scope = new Scope(opset, rewrites, free, allowance);
    constants.forEach(scope::define);
    defineInputs(scope);
    graph.getNodeList().forEach(node -> lower(new Node(node, scope)));
    return finish(scope);
  }

  private static boolean hasLengths(NodeProto node) {
    return node.getOpType().equals("LSTM")
        && node.getInputCount() > 4
        && !node.getInput(4).isEmpty();
  }

  private void defineInputs(Scope scope) {
    for (ValueInfoProto input : graph.getInputList()) {
      if (!constants.containsKey(input.getName())) {
        try {
          GraphInput.of(input).define(scope);
        } catch (IllegalArgumentException e) {
          throw new ModelFormatException(
              file + ": input '" + input.getName() + "': " + e.getMessage(), e);
        }
      }
    }
  }

  private void lower(Node node) {
    try {
      Objects.requireNonNull(operators.get(node.proto().getOpType())).lower(node);
    } catch (IllegalArgumentException | ArithmeticException | IndexOutOfBoundsException e) {
      throw new ModelFormatException(
          file
              + ": node '"
              + node.name()
              + "' ("
              + node.proto().getOpType()
              + "): "
              + OnnxFile.oneLine(e),
          e);
    }
  }

  private Network finish(Scope scope) {
    for (ValueInfoProto output : graph.getOutputList()) {
      Item item =
          scope
              .find(output.getName())
              .orElseThrow(() -> error("nothing writes its output '" + output.getName() + "'"));
      try {
        scope.builder().output(output.getName(), scope.value(output.getName(), item));
      } catch (IllegalArgumentException e) {
        throw new ModelFormatException(
            file + ": output '" + output.getName() + "': " + e.getMessage(), e);
      }
    }
    if (graph.getOutputCount() == 0) {
      throw error("it has no outputs");
    }
    String name = graph.getName().isEmpty() ? String.valueOf(file.getFileName()) : graph.getName();
    return OutputLayouts.settle(withoutUnread(scope.builder().build(name, "ONNX opset " + opset)));
  }

  /** The graph without stages whose results nobody reads. */
  private static Graph withoutUnread(Graph graph) {
    Set<String> read = new HashSet<>();
    graph.results().forEach(result -> read.add(result.value().name()));
    Deque<Stage> kept = new ArrayDeque<>();
    List<Stage> steps = graph.steps();
    for (int k = steps.size() - 1; k >= 0; k--) {
      Stage stage = steps.get(k);
      if (stage.outputs().stream().map(Value::name).anyMatch(read::contains)) {
        kept.addFirst(stage);
        stage.inputs().forEach(input -> read.add(input.name()));
      }
    }
    return new Graph(
        graph.name(), graph.format(), graph.entries(), List.copyOf(kept), graph.results());
  }

  private ModelFormatException error(String message) {
    return new ModelFormatException(file + ": " + message);
  }
}
