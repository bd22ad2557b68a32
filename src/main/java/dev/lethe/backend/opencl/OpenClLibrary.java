package dev.lethe.backend.opencl;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jocl.CL;
import org.jocl.cl_platform_id;

/** Loads the OpenCL library once for the process, and remembers why it could not. */
final class OpenClLibrary {
  private static final String MISSING =
      "the OpenCL library cannot be loaded; install a driver and its loader (Debian:"
          + " ocl-icd-libopencl1)";

  /** Why there is no OpenCL here; empty if there is. */
  static final Optional<String> PROBLEM = load();

  private OpenClLibrary() {}

  // whatever JOCL says while it loads is not for standard output, which belongs to data
  @SuppressWarnings("SystemOut")
  private static Optional<String> load() {
    if (!LinuxLinker.finds(List.of("libOpenCL.so.1", "libOpenCL.so"))) {
      return Optional.of(MISSING);
    }
    PrintStream out = System.out;
    try (PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
      System.setOut(nowhere);
      JoclLibrary.load(ProgramCache.userFolder(), OpenClLibrary::initialize);
      loadDrivers();
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("JOCL's native library cannot be loaded: " + e.getMessage());
    } catch (UnsatisfiedLinkError e) {
      return Optional.of(JoclLibrary.problem(e).orElse(MISSING));
    } catch (LinkageError e) {
      // also NoClassDefFoundError, when another user of JOCL failed first
      return Optional.of(MISSING);
    } finally {
      System.setOut(out);
    }
  }

  private static void initialize() {
    CL.setExceptionsEnabled(false);
    SignalHandlers.keep().close();
  }

  private static void loadDrivers() {
    SignalHandlers kept = SignalHandlers.keep();
    try {
      CL.clGetPlatformIDs(0, (cl_platform_id[]) null, new int[1]);
    } finally {
      kept.close();
    }
  }
}
