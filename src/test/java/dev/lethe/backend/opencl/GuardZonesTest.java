package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Tensor;
import java.util.List;
import org.jocl.CL;
import org.jocl.cl_kernel;
import org.jocl.cl_program;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A kernel that writes outside of its buffer fails the test that ran it. */
class GuardZonesTest {
  private static final int COUNT = 65;

  /** Writes one element, at any place. */
  private static final String SOURCE =
      "kernel void write_at(int at, global float *x) { x[at] = 1.0f; }";

  @ParameterizedTest
  @ValueSource(ints = {0, 1, COUNT - 1})
  void inside(int at) {
    for (Discovery.Found found : devices()) {
      try (Context context = Context.open(found)) {
        Buffer buffer = context.allocate("x", COUNT * Float.BYTES);
        writeAt(context, buffer, at);
        Tensor read = Tensor.allocate(Tensor.Type.FLOAT32, COUNT);
        context.read(buffer, read.bytes());
        for (int k = 0; k < COUNT; k++) {
          float expected = k == at ? 1 : Float.NaN; // new memory is poisoned
          assertEquals(expected, read.toFloatArray()[k], "element " + k);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {COUNT, COUNT + 1, -1, -64, COUNT + 63})
  void outside(int at) {
    for (Discovery.Found found : devices()) {
      int live = Handles.live();
      Context context = Context.open(found);
      Buffer buffer = context.allocate("x", COUNT * Float.BYTES);
      writeAt(context, buffer, at);
      IllegalStateException e = assertThrows(IllegalStateException.class, context::close);
      assertEquals(
          "a kernel has written outside of x: 4 bytes around it", e.getMessage(), found.toString());
      assertEquals(live, Handles.live());
    }
  }

  private static List<Discovery.Found> devices() {
    List<Discovery.Found> all =
        Discovery.run().found().stream().filter(f -> GuardZones.zoneBytes(f) > 0).toList();
    assumeTrue(!all.isEmpty(), "no OpenCL device with guard zones");
    return all;
  }

  private static void writeAt(Context context, Buffer buffer, int at) {
    int[] code = new int[1];
    cl_program program =
        CL.clCreateProgramWithSource(context.handle(), 1, new String[] {SOURCE}, null, code);
    assertEquals(CL.CL_SUCCESS, CL.clBuildProgram(program, 0, null, "", null, null));
    cl_kernel handle = CL.clCreateKernel(program, "write_at", code);
    assertEquals(CL.CL_SUCCESS, code[0]);
    try (Kernel kernel = new Kernel(context, "write_at", "", handle)) {
      kernel.set(0, at).set(1, buffer).launch(1, 1, 1, 1);
      context.finish();
    }
    assertEquals(CL.CL_SUCCESS, CL.clReleaseProgram(program));
    assertTrue(buffer.bytes() == COUNT * Float.BYTES);
  }
}
