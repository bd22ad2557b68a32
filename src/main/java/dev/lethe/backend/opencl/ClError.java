package dev.lethe.backend.opencl;

import dev.lethe.DeviceException;
import org.jocl.CL;

/** Turns OpenCL's error codes into exceptions. */
final class ClError {
  private ClError() {}

  /**
   * @param code what an OpenCL function answered
   * @param what was being done, for the message
   * @throws DeviceException unless the code means success
   */
  static void check(int code, String what) {
    // drivers may make a buffer's memory only when it is first used
    if (code == CL.CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL.CL_OUT_OF_RESOURCES) {
      throw DeviceException.outOfMemory(
          "OpenCL: " + what + " failed with " + name(code) + "; run a smaller batch");
    }
    if (code != CL.CL_SUCCESS) {
      throw new DeviceException("OpenCL: " + what + " failed with " + name(code));
    }
  }

  /** The constant's name. */
  static String name(int code) {
    return CL.stringFor_errorCode(code);
  }
}
