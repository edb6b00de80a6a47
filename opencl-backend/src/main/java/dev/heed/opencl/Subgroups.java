package dev.heed.opencl;

import java.util.Optional;
import java.util.Set;

/**
 * Subgroups of a device: items of a work-group that run in step and read each other's registers, as
 * {@code subgroups.cl} uses them.
 *
 * @param means by which extension
 * @param size items of a subgroup; a work-group is made just as large, so it never holds two
 */
record Subgroups(Means means, int size) {
  /** SUBGROUP in the kernels. */
  enum Means {
    /** Through local memory, for drivers without subgroups: right, not fast. */
    EMULATED,
    /** {@code cl_khr_subgroups}. */
    KHR,
    /** {@code cl_khr_subgroups} and {@code cl_khr_subgroup_shuffle}. */
    KHR_SHUFFLE,
    /** {@code cl_intel_subgroups} and {@code cl_intel_required_subgroup_size}. */
    INTEL
  }

  static final Subgroups EMULATED = new Subgroups(Means.EMULATED, 16);

  Subgroups {
    if (Integer.bitCount(size) != 1 || size < 4 || size > 128) {
      throw new IllegalArgumentException("a subgroup of " + size + " items: want 4, 8, .. 128");
    }
  }

  /** What a device offers. */
  static Optional<Subgroups> of(ClDevice device) {
    return of(device.extensions(), device.version(), device.subgroupSize());
  }

  /** What kernels of {@link Family#SUBGROUP} use on a device. */
  static Subgroups usedOn(ClDevice device) {
    return of(device).orElse(EMULATED);
  }

  /**
   * What a driver offers. Without a size that is known before kernels are built there is nothing: a
   * group might then hold two subgroups, or half of one.
   *
   * @param extensions the driver's
   * @param version the device's, as in {@code OpenCL 3.0 NEO}
   * @param size items of the device's subgroups; 0 if the driver does not say
   */
  static Optional<Subgroups> of(Set<String> extensions, String version, int size) {
    if (Integer.bitCount(size) != 1 || size < 4 || size > 128) {
      return Optional.empty();
    }
    if (extensions.contains("cl_intel_subgroups")
        && extensions.contains("cl_intel_required_subgroup_size")) {
      return Optional.of(new Subgroups(Means.INTEL, size));
    }
    if (extensions.contains("cl_khr_subgroups") && !standard(version).equals("CL1.2")) {
      boolean shuffle = extensions.contains("cl_khr_subgroup_shuffle");
      return Optional.of(new Subgroups(shuffle ? Means.KHR_SHUFFLE : Means.KHR, size));
    }
    return Optional.empty();
  }

  /** The language of kernels: the KHR extensions came after OpenCL C 1.2. */
  String standardOf(String version) {
    return means == Means.KHR || means == Means.KHR_SHUFFLE ? standard(version) : "CL1.2";
  }

  private static String standard(String version) {
    return version.contains("OpenCL 3.")
        ? "CL3.0"
        : version.contains("OpenCL 2.") ? "CL2.0" : "CL1.2";
  }

  /** As the compiler takes it. */
  String defines() {
    return "-DSUBGROUP=" + means + " -DSUBGROUP_SIZE=" + size;
  }
}
