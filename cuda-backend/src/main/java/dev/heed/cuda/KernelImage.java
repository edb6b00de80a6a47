package dev.heed.cuda;

import dev.heed.device.DeviceException;
import dev.heed.kernels.Kernels;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** Where a device's kernels come from. */
interface KernelImage {
  /**
   * What the driver loads on a GPU.
   *
   * @param capability 10 major + minor
   * @throws DeviceException.Unavailable if there is nothing to load; on one line
   */
  byte[] load(int capability);

  /** The fatbin that the build made, or else what NVRTC makes of the sources. */
  static KernelImage ofBuild() {
    return capability -> {
      try (InputStream in = Kernels.open("cuda/heed.fatbin")) {
        return in.readAllBytes();
      } catch (FileNotFoundException e) {
        return compile(capability);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
  }

  private static byte[] compile(int capability) {
    return Nvrtc.open()
        .orElseThrow(
            () ->
                new DeviceException.Unavailable(
                    "this build has no CUDA kernels: build it where nvcc is, or install NVRTC"
                        + " (libnvrtc, part of the CUDA toolkit)"))
        .compile(capability);
  }
}
