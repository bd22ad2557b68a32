package dev.lethe.backend.opencl;

/**
 * What a plan needs to know of a device.
 *
 * @param name of the device
 * @param platform name of its platform
 * @param vendor of the device
 * @param version of OpenCL, as in {@code OpenCL 3.0 PoCL HSTR: ...}
 * @param driver version
 * @param cpu whether it is a processor rather than a GPU or accelerator
 * @param computeUnits how many work-groups run at once, at least
 * @param workGroupSize most work-items of a work-group
 * @param localBytes local memory of a work-group
 * @param globalBytes memory of the device
 * @param allocationBytes most that one buffer may have
 * @param registers 32-bit registers of a compute unit; 0 if unknown
 * @param computeCapability NVIDIA's, as in 90 for 9.0; 0 on other devices
 */
record DeviceFacts(
    String name,
    String platform,
    String vendor,
    String version,
    String driver,
    boolean cpu,
    int computeUnits,
    long workGroupSize,
    long localBytes,
    long globalBytes,
    long allocationBytes,
    int registers,
    int computeCapability) {

  /**
   * Whether a kernel's loops stop, without a word, after 65,535 turns in all: Mesa's llvmpipe does
   * that (LP_MAX_TGSI_LOOP_ITERATIONS).
   */
  boolean limitsLoops() {
    return name.contains("llvmpipe");
  }

  /** One line for people. */
  String describe() {
    return platform
        + ", "
        + version.strip()
        + ", driver "
        + driver
        + ", "
        + computeUnits
        + " compute units, "
        + (globalBytes >> 20)
        + " MiB, local memory "
        + (localBytes >> 10)
        + " KiB";
  }
}
