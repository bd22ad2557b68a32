package dev.lethe.network;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * y[..., :] = table[ids[...], :]. A negative id counts from the table's end (ONNX operator Gather).
 *
 * @param name for people
 * @param table [V][E]
 * @param ids int [...], each from -V to V-1
 * @param y [..., E]
 */
public record Embedding(String name, Matrix table, Value ids, Value y) implements Stage {
  /** Checks the shapes. */
  public Embedding {
    List<Dim> dims = new ArrayList<>(ids.shape().dims());
    dims.add(Dim.of(table.columns()));
    if (ids.type() != Tensor.Type.INT32 || !y.shape().equals(new Shape(dims))) {
      throw new IllegalArgumentException(
          "Embedding " + name + ": table " + table + " and ids " + ids + " make no " + y);
    }
  }

  @Override
  public List<Value> inputs() {
    return List.of(ids);
  }

  @Override
  public List<Value> outputs() {
    return List.of(y);
  }
}
