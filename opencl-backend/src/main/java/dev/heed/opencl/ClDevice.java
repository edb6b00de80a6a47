package dev.heed.opencl;

import dev.heed.device.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/**
 * A device as its driver describes it.
 *
 * @param platform the driver
 * @param id the device
 * @param platformName the driver's name
 * @param driver the driver's version
 * @param version all versions at length: whatever built programs depend on
 * @param vendor the device's maker
 * @param name the device's name
 * @param type bits of CL_DEVICE_TYPE
 * @param memoryBytes of the device
 * @param maxAllocationBytes the largest buffer
 * @param unifiedMemory whether the device works in the host's memory
 * @param maxGroupSize work-items of a group
 * @param subgroupSize items of a subgroup; 0 where the driver does not say
 * @param localMemoryBytes of a group
 * @param computeUnits groups that run at a time, at least
 * @param vectorBits of the registers F32 is calculated in
 * @param hasSubnormals whether F32 has subnormal numbers, not zeros in their place
 * @param extensions names of what the driver has beyond OpenCL 1.2
 */
record ClDevice(
    cl_platform_id platform,
    cl_device_id id,
    String platformName,
    String driver,
    String version,
    String vendor,
    String name,
    long type,
    long memoryBytes,
    long maxAllocationBytes,
    boolean unifiedMemory,
    long maxGroupSize,
    int subgroupSize,
    long localMemoryBytes,
    int computeUnits,
    int vectorBits,
    boolean hasSubnormals,
    Set<String> extensions) {

  private static final String INSTALL =
      "install the GPU's driver, or PoCL for the CPU (Debian: apt install pocl-opencl-icd)";

  // Of extensions, which JOCL does not name.
  private static final int CL_DEVICE_WAVEFRONT_WIDTH_AMD = 0x4043;
  private static final int CL_DEVICE_SUB_GROUP_SIZES_INTEL = 0x4108;

  /** Of the sizes that a kernel may choose among: what Intel's own kernels have. */
  private static final int PREFERRED_SUBGROUP = 16;

  /** True for processors; GPUs and other accelerators are not. */
  boolean isCpu() {
    return (type & CL.CL_DEVICE_TYPE_CPU) != 0;
  }

  /** Whether kernels may calculate in F16. */
  boolean hasHalf() {
    return extensions.contains("cl_khr_fp16");
  }

  /**
   * Every device of every driver, in the drivers' order.
   *
   * @throws DeviceException.Unavailable if there is no OpenCL; the message says why, on one line
   */
  static List<ClDevice> all() {
    requireLoader();
    return SignalHandlers.kept(ClDevice::list);
  }

  private static List<ClDevice> list() {
    try {
      CL.setExceptionsEnabled(true);
      List<ClDevice> found = new ArrayList<>();
      List<String> broken = new ArrayList<>();
      for (cl_platform_id platform : platforms()) {
        try {
          for (cl_device_id device : devices(platform)) {
            found.add(describe(platform, device));
          }
        } catch (CLException e) {
          broken.add(Cl.status(e)); // the others may still have devices
        }
      }
      if (found.isEmpty() && !broken.isEmpty()) {
        throw new DeviceException.Unavailable(
            "the OpenCL driver fails with " + broken.getFirst() + "; check it with clinfo");
      }
      return found;
    } catch (LinkageError e) {
      throw new DeviceException.Unavailable("JOCL does not load: " + firstLine(e), e);
    } catch (CLException e) {
      throw new DeviceException.Unavailable("OpenCL fails with " + firstLine(e), e);
    }
  }

  /** Fails early and clearly where JOCL would fail with pages of stack traces. */
  @SuppressWarnings("restricted")
  private static void requireLoader() {
    String library = library();
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(library, arena);
    } catch (IllegalArgumentException e) {
      throw new DeviceException.Unavailable("no " + library + "; " + INSTALL, e);
    }
  }

  /** The loader of OpenCL drivers, as this system calls it. */
  static String library() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    return os.startsWith("windows")
        ? "OpenCL.dll"
        : os.startsWith("mac")
            ? "/System/Library/Frameworks/OpenCL.framework/OpenCL"
            : "libOpenCL.so.1";
  }

  private static cl_platform_id[] platforms() {
    int[] count = new int[1];
    try {
      CL.clGetPlatformIDs(0, null, count);
    } catch (CLException e) {
      if (e.getStatus() == CL.CL_PLATFORM_NOT_FOUND_KHR) {
        throw new DeviceException.Unavailable("no OpenCL driver; " + INSTALL, e);
      }
      throw e;
    }
    cl_platform_id[] ids = new cl_platform_id[count[0]];
    CL.clGetPlatformIDs(ids.length, ids, null);
    return ids;
  }

  private static cl_device_id[] devices(cl_platform_id platform) {
    int[] count = new int[1];
    try {
      CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, 0, null, count);
    } catch (CLException e) {
      if (e.getStatus() == CL.CL_DEVICE_NOT_FOUND) {
        return new cl_device_id[0];
      }
      throw e;
    }
    cl_device_id[] ids = new cl_device_id[count[0]];
    CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, ids.length, ids, null);
    return ids;
  }

  @SuppressWarnings("deprecation") // unified memory: OpenCL 2 asks for it otherwise, 1.2 does not
  private static ClDevice describe(cl_platform_id platform, cl_device_id device) {
    Set<String> extensions = Set.of(text(device, CL.CL_DEVICE_EXTENSIONS).split("\\s+"));
    return new ClDevice(
        platform,
        device,
        text(platform, CL.CL_PLATFORM_NAME),
        text(device, CL.CL_DRIVER_VERSION),
        text(platform, CL.CL_PLATFORM_VERSION) + ", " + text(device, CL.CL_DEVICE_VERSION),
        text(device, CL.CL_DEVICE_VENDOR),
        text(device, CL.CL_DEVICE_NAME),
        number(device, CL.CL_DEVICE_TYPE, Sizeof.cl_long),
        number(device, CL.CL_DEVICE_GLOBAL_MEM_SIZE, Sizeof.cl_long),
        number(device, CL.CL_DEVICE_MAX_MEM_ALLOC_SIZE, Sizeof.cl_long),
        number(device, CL.CL_DEVICE_HOST_UNIFIED_MEMORY, Sizeof.cl_int) != 0,
        number(device, CL.CL_DEVICE_MAX_WORK_GROUP_SIZE, Sizeof.size_t),
        subgroupSize(device, extensions),
        number(device, CL.CL_DEVICE_LOCAL_MEM_SIZE, Sizeof.cl_long),
        (int) number(device, CL.CL_DEVICE_MAX_COMPUTE_UNITS, Sizeof.cl_int),
        Float.SIZE * (int) number(device, CL.CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, Sizeof.cl_int),
        (number(device, CL.CL_DEVICE_SINGLE_FP_CONFIG, Sizeof.cl_long) & CL.CL_FP_DENORM) != 0,
        extensions);
  }

  private static int subgroupSize(cl_device_id device, Set<String> extensions) {
    if (extensions.contains("cl_intel_required_subgroup_size")) {
      long[] bytes = new long[1];
      CL.clGetDeviceInfo(device, CL_DEVICE_SUB_GROUP_SIZES_INTEL, 0, null, bytes);
      long[] sizes = new long[Math.toIntExact(bytes[0] / Sizeof.size_t)];
      CL.clGetDeviceInfo(
          device, CL_DEVICE_SUB_GROUP_SIZES_INTEL, bytes[0], Pointer.to(sizes), null);
      return preferred(sizes);
    }
    if (extensions.contains("cl_amd_device_attribute_query")) {
      return (int) number(device, CL_DEVICE_WAVEFRONT_WIDTH_AMD, Sizeof.cl_uint);
    }
    return 0;
  }

  /** 16 where it may be chosen, else the largest; 0 for none. */
  static int preferred(long... sizes) {
    long most = 0;
    for (long size : sizes) {
      if (size == PREFERRED_SUBGROUP) {
        return PREFERRED_SUBGROUP;
      }
      most = Math.max(most, size);
    }
    return Math.toIntExact(most);
  }

  private static String text(cl_platform_id platform, int what) {
    long[] size = new long[1];
    CL.clGetPlatformInfo(platform, what, 0, null, size);
    byte[] bytes = new byte[Math.toIntExact(size[0])];
    CL.clGetPlatformInfo(platform, what, bytes.length, Pointer.to(bytes), null);
    return text(bytes);
  }

  private static String text(cl_device_id device, int what) {
    long[] size = new long[1];
    CL.clGetDeviceInfo(device, what, 0, null, size);
    byte[] bytes = new byte[Math.toIntExact(size[0])];
    CL.clGetDeviceInfo(device, what, bytes.length, Pointer.to(bytes), null);
    return text(bytes);
  }

  private static long number(cl_device_id device, int what, long bytes) {
    long[] value = new long[1];
    CL.clGetDeviceInfo(device, what, bytes, Pointer.to(value), null);
    return value[0];
  }

  /** A C string: without its final zero and without padding. */
  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8).replace('\0', ' ').strip();
  }

  private static String firstLine(Throwable e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
  }
}
