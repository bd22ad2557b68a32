package dev.lethe;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;

/** The rooms are ordered, and each foreign library is let into one of them only. */
@AnalyzeClasses(
    packages = "dev.lethe",
    importOptions = {ArchitectureTest.NoTests.class, ArchitectureTest.NoBenchmarks.class})
final class ArchitectureTest {
  /** A package that stands in no room fails this as soon as a room uses it. */
  @ArchTest
  static final ArchRule eachRoomUsesOnlyThoseBeforeIt =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("dev.lethe..")
          .withOptionalLayers(true)
          .layer("door")
          .definedBy("dev.lethe", "dev.lethe.spi")
          .layer("network")
          .definedBy("dev.lethe.network")
          .layer("io")
          .definedBy("dev.lethe.io..")
          .layer("importer")
          .definedBy("dev.lethe.importer")
          .layer("onnx")
          .definedBy("dev.lethe.importer.onnx..")
          .layer("pytorch")
          .definedBy("dev.lethe.importer.pytorch..")
          .layer("keras")
          .definedBy("dev.lethe.importer.keras..")
          .layer("backend")
          .definedBy("dev.lethe.backend")
          .layer("cpu")
          .definedBy("dev.lethe.backend.cpu..")
          .layer("opencl")
          .definedBy("dev.lethe.backend.opencl..")
          .layer("job")
          .definedBy("dev.lethe.job..")
          .layer("cli")
          .definedBy("dev.lethe.cli..")
          .layer("spark")
          .definedBy("dev.lethe.spark..")
          .whereLayer("door")
          .mayNotAccessAnyLayer()
          .whereLayer("network")
          .mayOnlyAccessLayers("door")
          .whereLayer("io")
          .mayOnlyAccessLayers("door", "network")
          .whereLayer("importer")
          .mayOnlyAccessLayers("door", "network", "io")
          .whereLayer("onnx")
          .mayOnlyAccessLayers("door", "network", "io", "importer")
          .whereLayer("pytorch")
          .mayOnlyAccessLayers("door", "network", "io", "importer")
          .whereLayer("keras")
          .mayOnlyAccessLayers("door", "network", "io", "importer")
          .whereLayer("backend")
          .mayOnlyAccessLayers("door", "network", "io")
          .whereLayer("cpu")
          .mayOnlyAccessLayers("door", "network", "io", "backend")
          .whereLayer("opencl")
          .mayOnlyAccessLayers("door", "network", "io", "backend")
          .whereLayer("job")
          .mayOnlyAccessLayers("door", "network", "io")
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("spark")
          .mayOnlyAccessLayers("door")
          .whereLayer("spark")
          .mayNotBeAccessedByAnyLayer();

  @ArchTest
  static final ArchRule packagesFormNoCycle =
      slices().assignedFrom(new PackagesWithTheDoorAsOne()).should().beFreeOfCycles();

  @ArchTest
  static final ArchRule nativeCodeStaysInOpencl =
      only("dev.lethe.backend.opencl..", "org.jocl..", "com.sun.jna..");

  @ArchTest
  static final ArchRule protobufStaysInOnnx =
      only("dev.lethe.importer.onnx..", "com.google.protobuf..");

  @ArchTest static final ArchRule hdfStaysInKeras = only("dev.lethe.importer.keras..", "io.jhdf..");

  @ArchTest
  static final ArchRule terminalLibrariesStayInCli =
      only(
          "dev.lethe.cli..", "picocli..", "me.tongfei.progressbar..", "org.jline..", "org.knowm..");

  @ArchTest static final ArchRule csvStaysInIo = only("dev.lethe.io..", "de.siegmar.fastcsv..");

  @ArchTest
  static final ArchRule sparkStaysInSpark =
      only("dev.lethe.spark..", "org.apache.spark..", "org.apache.hadoop..", "scala..");

  @ArchTest
  static final ArchRule vectorsStayInCpu =
      only("dev.lethe.backend.cpu..", "jdk.incubator.vector..");

  /** The exception keeps what JOCL prints as it loads away from standard output. */
  @ArchTest
  static final ArchRule standardStreamsBelongToCli =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lethe.cli..")
          .and()
          .doNotHaveFullyQualifiedName("dev.lethe.backend.opencl.OpenClLibrary")
          .should(ACCESS_STANDARD_STREAMS);

  @ArchTest static final ArchRule noJavaUtilLogging = NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;

  private static ArchRule only(String room, String... libraries) {
    return noClasses()
        .that()
        .resideOutsideOfPackage(room)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(libraries);
  }

  /** Wherever a profile builds; ArchUnit's own option knows target/test-classes only. */
  static final class NoTests implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return !location.contains("/test-classes/");
    }
  }

  /** Benchmarks stand outside and use what they measure. */
  static final class NoBenchmarks implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return !location.contains("/dev/lethe/bench/");
    }
  }

  /** The door and its spi know each other; every other package stands alone. */
  private static final class PackagesWithTheDoorAsOne implements SliceAssignment {
    @Override
    public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
      String name = javaClass.getPackageName();
      return SliceIdentifier.of(name.equals("dev.lethe.spi") ? "dev.lethe" : name);
    }

    @Override
    public String getDescription() {
      return "packages, with the door and its spi as one";
    }
  }
}
