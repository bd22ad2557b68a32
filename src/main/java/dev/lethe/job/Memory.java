package dev.lethe.job;

import dev.lethe.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/** Memory of tensors that is used again for others of the same name. For one thread at a time. */
final class Memory {
  private final Map<String, ByteBuffer> buffers = new HashMap<>();

  /** A tensor in place of the last of this name; contents undefined. */
  Tensor tensor(String name, Tensor.Type type, int... shape) {
    int bytes = Tensor.Type.BYTES;
    for (int length : shape) {
      bytes = Math.multiplyExact(bytes, length);
    }
    ByteBuffer there = buffers.get(name);
    if (there == null || there.capacity() < bytes) {
      buffers.remove(name);
      there = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
      buffers.put(name, there);
    }
    return Tensor.wrap(there.slice(0, bytes), type, shape);
  }
}
