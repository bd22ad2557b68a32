package dev.lethe.spark;

import dev.lethe.Device;
import dev.lethe.DeviceException;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.resource.ResourceInformation;

/** Which device a task runs on, when Spark hands out the GPUs. */
final class TaskDevice {
  /** The resource's name, as in {@code spark.task.resource.gpu.amount}. */
  static final String GPU = "gpu";

  private TaskDevice() {}

  /**
   * The device of a task. Where {@code device} leaves the choice of a GPU open (auto, opencl) and
   * the task was given GPU addresses, the first of them counts: {@code opencl:P.D} is the device of
   * that id, a number n is the n-th usable GPU, from 0, in the order of {@link
   * dev.lethe.Lethe#devices}.
   *
   * @param device as in {@link dev.lethe.Options#device}
   * @param resources of the task, by name
   * @param devices of this machine
   * @return as in {@link dev.lethe.Options#device}
   * @throws DeviceException when there is no device of that address
   */
  static String of(
      String device, Map<String, ResourceInformation> resources, Supplier<List<Device>> devices) {
    ResourceInformation gpu = resources.get(GPU);
    boolean open = device.equals("auto") || device.equals("opencl");
    if (!open || gpu == null || gpu.addresses().length == 0) {
      return device;
    }
    String address = gpu.addresses()[0];
    if (address.startsWith("opencl:")) {
      return address;
    }
    List<String> gpus =
        devices.get().stream()
            .filter(d -> d.kind() == Device.Kind.OPENCL_GPU && d.usable())
            .map(Device::id)
            .toList();
    if (!address.matches("\\d{1,4}") || Integer.parseInt(address) >= gpus.size()) {
      throw new DeviceException(
          "Spark gave this task the GPU address '"
              + address
              + "', but the GPUs that OpenCL shows are "
              + gpus
              + "; an address is a number from 0 into this list, or an id as in opencl:0.1");
    }
    return gpus.get(Integer.parseInt(address));
  }
}
