package dev.heed.opencl;

import dev.heed.device.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/** All calls of JOCL: OpenCL's C functions with Java's types and exceptions. */
final class Cl {
  private static final String INSTALL =
      "install the GPU's driver, or PoCL for the CPU (Debian: apt install pocl-opencl-icd)";

  private Cl() {}

  /**
   * Every device as {@code platform: device}.
   *
   * @throws DeviceException.Unavailable if there is no OpenCL; the message says why, on one line
   */
  static List<String> devices() {
    requireLoader();
    try {
      CL.setExceptionsEnabled(true);
      List<String> found = new ArrayList<>();
      for (cl_platform_id platform : platforms()) {
        for (cl_device_id device : devices(platform)) {
          found.add(name(platform) + ": " + name(device));
        }
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
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String library =
        os.startsWith("windows")
            ? "OpenCL.dll"
            : os.startsWith("mac")
                ? "/System/Library/Frameworks/OpenCL.framework/OpenCL"
                : "libOpenCL.so.1";
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(library, arena);
    } catch (IllegalArgumentException e) {
      throw new DeviceException.Unavailable("no " + library + "; " + INSTALL, e);
    }
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

  private static String name(cl_platform_id platform) {
    long[] size = new long[1];
    CL.clGetPlatformInfo(platform, CL.CL_PLATFORM_NAME, 0, null, size);
    byte[] bytes = new byte[Math.toIntExact(size[0])];
    CL.clGetPlatformInfo(platform, CL.CL_PLATFORM_NAME, bytes.length, Pointer.to(bytes), null);
    return text(bytes);
  }

  private static String name(cl_device_id device) {
    long[] size = new long[1];
    CL.clGetDeviceInfo(device, CL.CL_DEVICE_NAME, 0, null, size);
    byte[] bytes = new byte[Math.toIntExact(size[0])];
    CL.clGetDeviceInfo(device, CL.CL_DEVICE_NAME, bytes.length, Pointer.to(bytes), null);
    return text(bytes);
  }

  /** A C string: without its final zero and without padding. */
  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8).replace('\0', ' ').strip();
  }

  private static String firstLine(Throwable e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
  }
}
