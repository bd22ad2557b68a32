package dev.lethe.backend.opencl;

import dev.lethe.Device;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/** Finds every OpenCL device of every platform, and survives each broken one. */
final class Discovery {
  // JOCL's CL_DEVICE_TYPE_ALL is a negative int, which as a long has bits that rusticl refuses
  private static final long ALL_TYPES = 0xFFFFFFFFL;
  private static final int MOST = 1024;

  // cl_nv_device_attribute_query
  private static final int COMPUTE_CAPABILITY_MAJOR = 0x4000;
  private static final int COMPUTE_CAPABILITY_MINOR = 0x4001;
  private static final int REGISTERS_PER_BLOCK = 0x4002;

  /** Vector registers of a lane times lanes of a compute unit, since GCN. */
  private static final int AMD_REGISTERS = 1 << 16;

  private static final String SLOWER = "an OpenCL CPU device is slower than cpu";

  /** A device that works, with the handles to open it. */
  record Found(Device device, DeviceFacts facts, cl_platform_id platform, cl_device_id id) {
    /** The device's id and name, for messages. */
    String label() {
      return device.id() + " (" + device.name() + ")";
    }

    /** The same, described further to people. */
    Found describedAs(String description) {
      Device d = device;
      return new Found(
          new Device(d.id(), d.kind(), d.name(), description, d.refusal(), d.usable()),
          facts,
          platform,
          id);
    }
  }

  /**
   * All that works, and one device that is not usable for each platform or library that does not.
   */
  record Result(List<Found> found, List<Device> broken) {}

  private Discovery() {}

  /** Asks the loader anew. */
  static Result run() {
    if (OpenClLibrary.PROBLEM.isPresent()) {
      return new Result(List.of(), List.of(broken("opencl", OpenClLibrary.PROBLEM.get())));
    }
    SignalHandlers kept = SignalHandlers.keep();
    try {
      return search();
    } finally {
      kept.close();
    }
  }

  private static Result search() {
    List<Found> found = new ArrayList<>();
    List<Device> broken = new ArrayList<>();
    cl_platform_id[] platforms = platforms();
    if (platforms.length == 0) {
      broken.add(
          broken(
              "opencl",
              "no OpenCL platform; install a driver (a GPU's, or Debian: pocl-opencl-icd)"));
    }
    for (int p = 0; p < platforms.length; p++) {
      addDevices(p, platforms[p], found, broken);
    }
    return new Result(found, broken);
  }

  private static cl_platform_id[] platforms() {
    int[] count = new int[1];
    // without any driver the loader answers an error and leaves the count as it was
    if (CL.clGetPlatformIDs(0, null, count) != CL.CL_SUCCESS || count[0] <= 0) {
      return new cl_platform_id[0];
    }
    cl_platform_id[] platforms = new cl_platform_id[Math.min(count[0], MOST)];
    return CL.clGetPlatformIDs(platforms.length, platforms, null) == CL.CL_SUCCESS
        ? platforms
        : new cl_platform_id[0];
  }

  private static void addDevices(
      int p, cl_platform_id platform, List<Found> found, List<Device> broken) {
    String name = platformText(platform, CL.CL_PLATFORM_NAME);
    String id = "opencl:" + p;
    int[] count = new int[1];
    int code = CL.clGetDeviceIDs(platform, ALL_TYPES, 0, null, count);
    if (code != CL.CL_SUCCESS || count[0] <= 0) {
      broken.add(broken(id, noDevice(name, code)));
      return;
    }
    cl_device_id[] ids = new cl_device_id[Math.min(count[0], MOST)];
    code = CL.clGetDeviceIDs(platform, ALL_TYPES, ids.length, ids, null);
    if (code != CL.CL_SUCCESS) {
      broken.add(
          broken(
              id, "platform " + name + " does not list its devices (" + ClError.name(code) + ")"));
      return;
    }
    for (int d = 0; d < ids.length; d++) {
      DeviceFacts facts = facts(name, ids[d]);
      String fault = fault(ids[d], facts);
      Device device = device(id + "." + d, facts, fault);
      if (fault.isEmpty()) {
        found.add(new Found(device, facts, platform, ids[d]));
      } else {
        broken.add(device);
      }
    }
  }

  private static String noDevice(String platform, int code) {
    String remedy =
        platform.equals("rusticl")
            ? "set RUSTICL_ENABLE to Mesa's driver for it (radeonsi, iris, llvmpipe)"
            : "install the device's own driver";
    return "platform " + platform + " has no device (" + ClError.name(code) + "); " + remedy;
  }

  private static Device device(String id, DeviceFacts facts, String fault) {
    Device.Kind kind = facts.cpu() ? Device.Kind.OPENCL_CPU : Device.Kind.OPENCL_GPU;
    String refusal = !fault.isEmpty() ? fault : facts.cpu() ? SLOWER : "";
    return new Device(id, kind, facts.name(), facts.describe(), refusal, fault.isEmpty());
  }

  private static String fault(cl_device_id id, DeviceFacts facts) {
    if (number(id, CL.CL_DEVICE_AVAILABLE, Sizeof.cl_int) == 0) {
      return "the driver says that it is not available";
    }
    if (number(id, CL.CL_DEVICE_COMPILER_AVAILABLE, Sizeof.cl_int) == 0) {
      return "it has no compiler";
    }
    if (number(id, CL.CL_DEVICE_ENDIAN_LITTLE, Sizeof.cl_int) == 0) {
      return "it is big-endian";
    }
    if (facts.localBytes() < OpenClPlan.LOCAL_BYTES
        || facts.workGroupSize() < OpenClPlan.WORK_GROUP) {
      return "its work-groups are too small: "
          + facts.workGroupSize()
          + " work-items, "
          + facts.localBytes()
          + " bytes";
    }
    return "";
  }

  private static DeviceFacts facts(String platform, cl_device_id id) {
    long type = number(id, CL.CL_DEVICE_TYPE, Sizeof.cl_long);
    String vendor = text(id, CL.CL_DEVICE_VENDOR);
    boolean nvidia = vendor.contains("NVIDIA");
    int capability =
        !nvidia
            ? 0
            : 10 * (int) number(id, COMPUTE_CAPABILITY_MAJOR, Sizeof.cl_int)
                + (int) number(id, COMPUTE_CAPABILITY_MINOR, Sizeof.cl_int);
    int registers =
        nvidia
            ? (int) number(id, REGISTERS_PER_BLOCK, Sizeof.cl_int)
            : vendor.contains("Advanced Micro Devices") ? AMD_REGISTERS : 0;
    return new DeviceFacts(
        text(id, CL.CL_DEVICE_NAME),
        platform,
        vendor,
        text(id, CL.CL_DEVICE_VERSION),
        text(id, CL.CL_DRIVER_VERSION),
        (type & CL.CL_DEVICE_TYPE_CPU) != 0 || softwareGpu(platform, id),
        (int) number(id, CL.CL_DEVICE_MAX_COMPUTE_UNITS, Sizeof.cl_int),
        number(id, CL.CL_DEVICE_MAX_WORK_GROUP_SIZE, Sizeof.size_t),
        number(id, CL.CL_DEVICE_LOCAL_MEM_SIZE, Sizeof.cl_long),
        number(id, CL.CL_DEVICE_GLOBAL_MEM_SIZE, Sizeof.cl_long),
        number(id, CL.CL_DEVICE_MAX_MEM_ALLOC_SIZE, Sizeof.cl_long),
        registers,
        capability);
  }

  // emulators that call themselves GPUs: Oclgrind's simulator has every type at once
  private static boolean softwareGpu(String platform, cl_device_id id) {
    return platform.contains("Oclgrind") || text(id, CL.CL_DEVICE_NAME).contains("llvmpipe");
  }

  private static Device broken(String id, String why) {
    return new Device(id, Device.Kind.OPENCL_GPU, "", "", why, false);
  }

  private static long number(cl_device_id id, int what, int bytes) {
    long[] value = new long[1];
    int code = CL.clGetDeviceInfo(id, what, bytes, Pointer.to(value), null);
    return code == CL.CL_SUCCESS ? value[0] : 0;
  }

  private static String text(cl_device_id id, int what) {
    long[] size = new long[1];
    if (CL.clGetDeviceInfo(id, what, 0, null, size) != CL.CL_SUCCESS) {
      return "unknown";
    }
    byte[] bytes = new byte[(int) Math.min(size[0], 4096)];
    int code = CL.clGetDeviceInfo(id, what, bytes.length, Pointer.to(bytes), null);
    return code == CL.CL_SUCCESS ? string(bytes) : "unknown";
  }

  private static String platformText(cl_platform_id platform, int what) {
    long[] size = new long[1];
    if (CL.clGetPlatformInfo(platform, what, 0, null, size) != CL.CL_SUCCESS) {
      return "unknown";
    }
    byte[] bytes = new byte[(int) Math.min(size[0], 4096)];
    int code = CL.clGetPlatformInfo(platform, what, bytes.length, Pointer.to(bytes), null);
    return code == CL.CL_SUCCESS ? string(bytes) : "unknown";
  }

  private static String string(byte[] bytes) {
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8).strip();
  }
}
