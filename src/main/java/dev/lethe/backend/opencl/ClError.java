package dev.lethe.backend.opencl;

import dev.lethe.DeviceException;
import org.jocl.CL;

/** Turns OpenCL's error codes into exceptions. */
final class ClError {
  private ClError() {}

  /**
   * @param code what an OpenCL function answered
   * @param device where, for the message
   * @param what was being done, for the message
   * @throws DeviceException unless the code means success
   */
  static void check(int code, String device, String what) {
    if (code == CL.CL_SUCCESS) {
      return;
    }
    String message = "device " + device + ": " + what + " failed with " + name(code);
    throw isMemory(code)
        ? DeviceException.outOfMemory(message + "; run a smaller batch, or take another device")
        : new DeviceException(
            message + "; if a new session fails too, take another device, such as cpu");
  }

  /**
   * Drivers may make a buffer's memory only when it is first used; some answer CL_OUT_OF_RESOURCES
   * for whatever goes wrong on a device.
   */
  private static boolean isMemory(int code) {
    return code == CL.CL_MEM_OBJECT_ALLOCATION_FAILURE
        || code == CL.CL_OUT_OF_RESOURCES
        || code == CL.CL_OUT_OF_HOST_MEMORY
        || code == CL.CL_INVALID_BUFFER_SIZE;
  }

  /** The constant's name. */
  static String name(int code) {
    return CL.stringFor_errorCode(code);
  }
}
