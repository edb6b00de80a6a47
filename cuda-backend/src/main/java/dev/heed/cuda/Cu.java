package dev.heed.cuda;

import dev.heed.device.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** All calls of the CUDA driver: its C functions with Java's types and exceptions. */
final class Cu {
  private Cu() {}

  /**
   * The name of every GPU.
   *
   * @throws DeviceException.Unavailable if there is no CUDA; the message says why, on one line
   */
  static List<String> devices() {
    requireDriver();
    try {
      JCudaDriver.setExceptionsEnabled(false);
      check("cuInit", JCudaDriver.cuInit(0));
      int[] count = new int[1];
      check("cuDeviceGetCount", JCudaDriver.cuDeviceGetCount(count));
      List<String> names = new ArrayList<>();
      for (int i = 0; i < count[0]; i++) {
        names.add(name(i));
      }
      return names;
    } catch (LinkageError e) {
      String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
      throw new DeviceException.Unavailable("JCuda does not load: " + line, e);
    }
  }

  /** Fails early and clearly where JCuda would fail with pages of stack traces. */
  @SuppressWarnings("restricted")
  private static void requireDriver() {
    boolean windows = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("windows");
    String library = windows ? "nvcuda.dll" : "libcuda.so.1";
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(library, arena);
    } catch (IllegalArgumentException e) {
      throw new DeviceException.Unavailable(
          "no NVIDIA driver (" + library + "); install it to use an NVIDIA GPU", e);
    }
  }

  private static String name(int index) {
    CUdevice device = new CUdevice();
    check("cuDeviceGet", JCudaDriver.cuDeviceGet(device, index));
    byte[] name = new byte[256];
    check("cuDeviceGetName", JCudaDriver.cuDeviceGetName(name, name.length, device));
    return new String(name, StandardCharsets.UTF_8).replace('\0', ' ').strip();
  }

  private static void check(String call, int result) {
    if (result != CUresult.CUDA_SUCCESS) {
      throw new DeviceException.Unavailable(call + " fails with " + CUresult.stringFor(result));
    }
  }
}
