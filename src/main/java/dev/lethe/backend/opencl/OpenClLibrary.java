package dev.lethe.backend.opencl;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jocl.CL;
import org.jocl.cl_platform_id;

/** Loads the OpenCL library once for the process, and remembers why it could not. */
final class OpenClLibrary {
  private static final String INSTALL =
      "install a driver and its loader (Debian: ocl-icd-libopencl1)";

  /** Why there is no OpenCL here; empty if there is. */
  static final Optional<String> PROBLEM = load();

  private OpenClLibrary() {}

  // JOCL reports a missing library on standard output, which belongs to data
  @SuppressWarnings("SystemOut")
  private static Optional<String> load() {
    PrintStream out = System.out;
    try (PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
      System.setOut(nowhere);
      CL.setExceptionsEnabled(false);
      CL.clGetPlatformIDs(0, (cl_platform_id[]) null, new int[1]);
      return Optional.empty();
    } catch (LinkageError e) {
      // also NoClassDefFoundError, when another user of JOCL failed first
      return Optional.of("the OpenCL library cannot be loaded; " + INSTALL);
    } finally {
      System.setOut(out);
    }
  }
}
