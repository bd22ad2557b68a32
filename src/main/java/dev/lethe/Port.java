package dev.lethe;

/**
 * An input or an output of a network.
 *
 * @param name as the model file has it
 * @param type what an element is
 * @param shape named sizes are taken from the data: one name is one size everywhere
 * @param optional whether an input may be left out
 * @param meaning for people: what an optional input means when it is left out; empty otherwise
 */
public record Port(String name, Tensor.Type type, Shape shape, boolean optional, String meaning) {
  @Override
  public String toString() {
    return name + " " + type + " " + shape;
  }
}
