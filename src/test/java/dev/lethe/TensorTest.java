package dev.lethe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class TensorTest {
  @Test
  void keepsACopyInADirectBuffer() {
    float[] values = {1, -2, 3, 4, 5, 6};
    Tensor tensor = Tensor.of(values, 2, 3);
    values[0] = 9;
    assertArrayEquals(new float[] {1, -2, 3, 4, 5, 6}, tensor.toFloatArray());
    assertTrue(tensor.bytes().isDirect());
    assertEquals(6, tensor.size());
    assertEquals("FLOAT32[2, 3]", tensor.toString());
  }

  @Test
  void viewsWriteThroughAndBeginAtZero() {
    Tensor tensor = Tensor.of(new int[] {1, 2, 3}, 3);
    tensor.ints().put(7);
    tensor.bytes().position(4);
    assertArrayEquals(new int[] {7, 2, 3}, tensor.toIntArray());
    assertArrayEquals(new int[] {7, 2, 3}, tensor.reshape(1, 3).toIntArray());
    assertEquals(0, tensor.ints().position());
  }

  @Test
  void theShapeIsTheTensorsOwn() {
    int[] shape = {2, 2};
    Tensor tensor = Tensor.allocate(Tensor.Type.FLOAT32, shape);
    shape[0] = 5;
    tensor.shape()[1] = 5;
    assertArrayEquals(new int[] {2, 2}, tensor.shape());
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThrows(InputException.class, () -> Tensor.of(new float[5], 2, 3));
    assertThrows(InputException.class, () -> Tensor.allocate(Tensor.Type.FLOAT32, 2, -1));
    assertThrows(
        InputException.class, () -> Tensor.allocate(Tensor.Type.FLOAT32, 1 << 15, 1 << 15));
    assertThrows(
        InputException.class,
        () -> Tensor.allocate(Tensor.Type.FLOAT32, 1 << 30, 1 << 30, 1 << 30));
    assertThrows(InputException.class, () -> Tensor.of(new float[6], 6).reshape(5));
    assertThrows(InputException.class, () -> Tensor.of(new int[1], 1).floats());
    assertThrows(
        InputException.class, () -> Tensor.wrap(ByteBuffer.allocate(4), Tensor.Type.INT32, 1));
    assertThrows(
        InputException.class,
        () -> Tensor.wrap(ByteBuffer.allocateDirect(5), Tensor.Type.INT32, 1));
  }
}
