package dev.lethe.backend.cpu;

import java.lang.module.ModuleFinder;

/**
 * Chooses the arithmetic: the Vector API where the module jdk.incubator.vector is there, plain Java
 * otherwise. Only {@link VectorKernels} touches that module, and it is loaded by name, so nothing
 * fails without it.
 */
final class CpuKernels {
  private static final String MODULE = "jdk.incubator.vector";
  private static final Kernels PLAIN = new PlainKernels();
  private static final Kernels BEST = best();

  private CpuKernels() {}

  /** What sessions use. */
  static Kernels get() {
    return BEST;
  }

  /** Plain Java, whatever else there is. */
  static Kernels plain() {
    return PLAIN;
  }

  /** A few words: {@code 512-bit vectors} or {@code plain Java}. */
  static String label() {
    return BEST == PLAIN ? "plain Java" : BEST.toString();
  }

  /**
   * What the java command line lacks for the Vector API, if this Java has it; otherwise nothing.
   */
  static String missing() {
    if (ModuleLayer.boot().findModule(MODULE).isPresent()) {
      return "";
    }
    return ModuleFinder.ofSystem().find(MODULE).isPresent()
        ? " without --add-modules " + MODULE
        : "";
  }

  /** One sentence: which arithmetic is used, and how to get the other. */
  static String description() {
    return BEST == PLAIN
        ? "plain Java arithmetic; for the several times faster Vector API add --add-modules "
            + MODULE
            + " to the java command line"
        : "Vector API arithmetic in "
            + BEST
            + "; without --add-modules "
            + MODULE
            + " it is plain Java";
  }

  private static Kernels best() {
    if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
      return PLAIN;
    }
    try {
      Class<?> type = Class.forName(CpuKernels.class.getPackageName() + ".VectorKernels");
      return (Kernels) type.getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException | LinkageError e) {
      System.getLogger("dev.lethe")
          .log(
              System.Logger.Level.WARNING,
              "the Vector API does not work here, using plain Java: " + e);
      return PLAIN;
    }
  }
}
