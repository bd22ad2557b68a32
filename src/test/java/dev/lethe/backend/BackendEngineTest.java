package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Device;
import dev.lethe.DeviceException;
import dev.lethe.InputException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The choice of a device, on made-up machines. */
class BackendEngineTest {
  private static final Device GPU = device("opencl:0.0", Device.Kind.OPENCL_GPU, "Card", "", true);
  private static final Device BROKEN_GPU =
      device("opencl:1.0", Device.Kind.OPENCL_GPU, "Old card", "it has no compiler", false);
  private static final Device NO_LIBRARY =
      device("opencl", Device.Kind.OPENCL_GPU, "", "no library; install it", false);
  private static final Device CPU = device("cpu", Device.Kind.CPU, "2 threads", "", true);
  private static final Device OPENCL_CPU =
      device("opencl:2.0", Device.Kind.OPENCL_CPU, "pthread", "slower", true);
  private static final Device REFERENCE =
      device("cpu:scalar", Device.Kind.REFERENCE, "double", "the slow reference", true);

  private static Device device(
      String id, Device.Kind kind, String name, String refusal, boolean usable) {
    return new Device(id, kind, name, "", refusal, usable);
  }

  @Test
  void autoTakesTheFirstThatNothingSpeaksAgainst() {
    List<Device> all = List.of(BROKEN_GPU, GPU, CPU, OPENCL_CPU, REFERENCE);
    assertEquals(GPU, BackendEngine.choose(all, "auto"));
    assertEquals(CPU, BackendEngine.choose(List.of(BROKEN_GPU, CPU, OPENCL_CPU), "auto"));
    assertEquals(CPU, BackendEngine.choose(List.of(NO_LIBRARY, CPU, REFERENCE), "auto"));
  }

  @Test
  void openClTakesAProcessorWhenThereIsNothingBetter() {
    assertEquals(GPU, BackendEngine.choose(List.of(BROKEN_GPU, GPU, CPU, OPENCL_CPU), "opencl"));
    assertEquals(OPENCL_CPU, BackendEngine.choose(List.of(BROKEN_GPU, CPU, OPENCL_CPU), "opencl"));
  }

  @Test
  void aForcedChoiceThatCannotRunFailsWithTheCause() {
    List<Device> none = List.of(NO_LIBRARY, CPU, REFERENCE);
    DeviceException e =
        assertThrows(DeviceException.class, () -> BackendEngine.choose(none, "opencl"));
    assertEquals("device 'opencl' cannot run: opencl: no library; install it", e.getMessage());
    DeviceException broken =
        assertThrows(
            DeviceException.class,
            () -> BackendEngine.choose(List.of(BROKEN_GPU, CPU), "opencl:1.0"));
    assertTrue(broken.getMessage().contains("it has no compiler"), broken.getMessage());
  }

  @Test
  void anUnknownNameFailsWithTheKnownOnes() {
    InputException e =
        assertThrows(
            InputException.class, () -> BackendEngine.choose(List.of(BROKEN_GPU, CPU), "gpu"));
    assertEquals("device 'gpu': no such device; there are auto, cpu", e.getMessage());
    InputException without =
        assertThrows(
            InputException.class,
            () -> BackendEngine.choose(List.of(NO_LIBRARY, CPU), "opencl:0.0"));
    assertEquals(
        "device 'opencl:0.0': no such device; there are auto, cpu; opencl: no library; install it",
        without.getMessage());
    List<Device> more = List.of(GPU, CPU, REFERENCE);
    InputException other =
        assertThrows(InputException.class, () -> BackendEngine.choose(more, "opencl:7.0"));
    String names = "auto, opencl, " + GPU.id() + ", cpu, " + REFERENCE.id();
    assertEquals("device 'opencl:7.0': no such device; there are " + names, other.getMessage());
  }

  @Test
  void theLineSaysWhyTheOthersWereNotTaken() {
    List<Device> all = List.of(NO_LIBRARY, BROKEN_GPU, CPU, OPENCL_CPU, REFERENCE);
    assertEquals(
        "running on cpu (1 thread); not taken: opencl (no library), opencl:1.0 (it has no"
            + " compiler), opencl:2.0 (slower); lethe doctor says more",
        BackendEngine.explain(CPU, "1 thread", all, "auto"));
    assertEquals(
        "running on cpu (2 threads), as asked with 'cpu'",
        BackendEngine.explain(CPU, CPU.name(), all, "cpu"));
    assertEquals(
        "running on opencl:0.0 (Card)",
        BackendEngine.explain(GPU, GPU.name(), List.of(GPU, CPU), "auto"));
  }

  @Test
  void codesAndRemediesAreLeftToDoctor() {
    Device none =
        device(
            "opencl:0",
            Device.Kind.OPENCL_GPU,
            "",
            "platform rusticl has no device (CL_DEVICE_NOT_FOUND); set RUSTICL_ENABLE",
            false);
    assertEquals(
        "running on cpu (2 threads); not taken: opencl:0 (platform rusticl has no device); lethe"
            + " doctor says more",
        BackendEngine.explain(CPU, CPU.name(), List.of(none, CPU), "auto"));
  }
}
