package dev.lethe.importer.pytorch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.lethe.ModelFormatException;
import dev.lethe.network.ActivationFunction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a state dictionary does not say: the order of the axes and what stands before and after the
 * LSTM. A JSON file beside it, {@code model.pt.json} or {@code model.json} for {@code model.pt}:
 *
 * <pre>{@code
 * {"lstm": "encoder", "batch_first": true, "embedding": "words", "select": "last",
 *  "head": [{"dense": "fc1"}, {"activation": "relu"}, {"dense": "fc2"}, {"softmax": true}]}
 * }</pre>
 *
 * @param lstm name of the LSTM's module; empty where it is the only one
 * @param batchFirst whether X is [batch, time, ...]; empty where nothing is said
 * @param embedding name of the torch.nn.Embedding that makes X of ids
 * @param select what of the LSTM's output the head sees
 * @param head what follows the LSTM
 */
record ModelDescription(
    Optional<String> lstm,
    Optional<Boolean> batchFirst,
    Optional<String> embedding,
    Select select,
    List<Head> head) {
  /** How a description may look, for messages. */
  static final String HINT =
      "{\"lstm\": \"lstm\", \"select\": \"last\", \"head\": [{\"dense\": \"fc\"}]} in a file of the"
          + " model's name and .json";

  private static final long LONGEST = 1 << 16;

  private static final Map<String, ActivationFunction> ACTIVATIONS =
      Map.of(
          "relu", ActivationFunction.RELU,
          "sigmoid", ActivationFunction.SIGMOID,
          "tanh", ActivationFunction.TANH,
          "elu", new ActivationFunction(ActivationFunction.Kind.ELU, 1, 0),
          "leaky_relu", new ActivationFunction(ActivationFunction.Kind.LEAKY_RELU, 0.01f, 0),
          "softplus", new ActivationFunction(ActivationFunction.Kind.SOFTPLUS, 0, 0),
          "softsign", new ActivationFunction(ActivationFunction.Kind.SOFTSIGN, 0, 0),
          "hardsigmoid",
              new ActivationFunction(ActivationFunction.Kind.HARD_SIGMOID, 1f / 6, 0.5f));

  /** Which part of the LSTM's output goes on to the head. */
  enum Select {
    /** Every step. */
    ALL,
    /** The output of each sequence's last step, as in {@code output[:, -1]}. */
    LAST,
    /** The final h of the last layer, directions side by side. */
    FINAL
  }

  /** One stage after the LSTM. */
  sealed interface Head {
    /** A torch.nn.Linear of this name. */
    record Dense(String module) implements Head {}

    /** An element-wise function. */
    record Activation(ActivationFunction function) implements Head {}

    /** Softmax over the last axis, or its logarithm. */
    record Softmax(boolean logarithm) implements Head {}
  }

  /** Copies. */
  ModelDescription {
    head = List.copyOf(head);
  }

  /**
   * The description beside a model; one that says nothing where there is none.
   *
   * @throws ModelFormatException when it is no JSON of this kind
   */
  static ModelDescription beside(Path model) {
    String name = String.valueOf(model.getFileName());
    String stem = name.contains(".") ? name.substring(0, name.lastIndexOf('.')) : name;
    for (String candidate : List.of(name + ".json", stem + ".json")) {
      Path file = model.resolveSibling(candidate);
      if (Files.isRegularFile(file)) {
        return read(file);
      }
    }
    return new ModelDescription(
        Optional.empty(), Optional.empty(), Optional.empty(), Select.ALL, List.of());
  }

  private static ModelDescription read(Path file) {
    JsonFactory factory =
        JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    try {
      if (Files.size(file) > LONGEST) {
        throw error(file, "is larger than " + LONGEST + " bytes");
      }
      try (JsonParser parser = factory.createParser(Files.readAllBytes(file))) {
        return new Reader(file, parser).description();
      }
    } catch (IOException e) {
      String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw error(file, "is not whole JSON: " + message);
    }
  }

  private static ModelFormatException error(Path file, String message) {
    return new ModelFormatException(
        file + ": the description of a PyTorch model " + message + "; it looks like " + HINT);
  }

  /** Takes one file's tokens in turn. */
  private record Reader(Path file, JsonParser parser) {
    ModelDescription description() throws IOException {
      Optional<String> lstm = Optional.empty();
      Optional<Boolean> batchFirst = Optional.empty();
      Optional<String> embedding = Optional.empty();
      Select select = Select.ALL;
      List<Head> head = List.of();
      expect(parser.nextToken() == JsonToken.START_OBJECT, "must be an object");
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String key = parser.currentName();
        parser.nextToken();
        switch (key) {
          case "lstm" -> lstm = Optional.of(text(key));
          case "batch_first" -> batchFirst = Optional.of(truth(key));
          case "embedding" -> embedding = Optional.of(text(key));
          case "select" -> select = select(text(key));
          case "head" -> head = head();
          default ->
              throw error(
                  file,
                  "has the unknown key '"
                      + TensorPickle.printable(key)
                      + "'; known are lstm, batch_first, embedding, select and head");
        }
      }
      expect(parser.nextToken() == null, "goes on after its end");
      return new ModelDescription(lstm, batchFirst, embedding, select, head);
    }

    private List<Head> head() throws IOException {
      List<Head> head = new ArrayList<>();
      expect(parser.currentToken() == JsonToken.START_ARRAY, "needs a list as 'head'");
      while (parser.nextToken() == JsonToken.START_OBJECT) {
        expect(parser.nextToken() == JsonToken.FIELD_NAME, "has an empty stage in 'head'");
        head.add(stage());
        expect(
            parser.nextToken() == JsonToken.END_OBJECT,
            "has a stage in 'head' of more than one key");
      }
      expect(parser.currentToken() == JsonToken.END_ARRAY, "has no object as a stage in 'head'");
      return head;
    }

    private Head stage() throws IOException {
      String key = parser.currentName();
      parser.nextToken();
      return switch (key) {
        case "dense" -> new Head.Dense(text(key));
        case "activation" -> new Head.Activation(activation(text(key)));
        case "softmax", "log_softmax" -> {
          expect(truth(key), "has '" + key + "' other than true; leave it out instead");
          yield new Head.Softmax(key.equals("log_softmax"));
        }
        default ->
            throw error(
                file,
                "has the unknown stage '"
                    + TensorPickle.printable(key)
                    + "' in 'head'; known are dense, activation, softmax and log_softmax");
      };
    }

    private Select select(String text) {
      return switch (text) {
        case "all" -> Select.ALL;
        case "last" -> Select.LAST;
        case "final" -> Select.FINAL;
        default ->
            throw error(
                file,
                "has 'select' " + TensorPickle.printable(text) + "; it must be all, last or final");
      };
    }

    private ActivationFunction activation(String text) {
      ActivationFunction function = ACTIVATIONS.get(text);
      if (function == null) {
        throw error(
            file,
            "has the unknown activation '"
                + TensorPickle.printable(text)
                + "'; known are "
                + String.join(", ", ACTIVATIONS.keySet().stream().sorted().toList()));
      }
      return function;
    }

    private String text(String key) throws IOException {
      expect(
          parser.currentToken() == JsonToken.VALUE_STRING,
          "needs text, the name of a module or function, as '" + key + "'");
      return parser.getText();
    }

    private boolean truth(String key) {
      JsonToken token = parser.currentToken();
      expect(
          token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE,
          "needs true or false as '" + key + "'");
      return token == JsonToken.VALUE_TRUE;
    }

    private void expect(boolean holds, String message) {
      if (!holds) {
        throw error(file, message);
      }
    }
  }
}
