package dev.heed.cuda;

import dev.heed.device.DeviceException;
import dev.heed.device.DeviceInfo;
import java.util.EnumMap;
import java.util.Map;

/** The kernels of a device: one module, loaded when the device opens. */
final class Programs implements AutoCloseable {
  private final Cu cu;
  private final long module;
  private final boolean tensorCores;
  private final int multiprocessors;
  private final Options options;
  private final Map<Kernel, Long> functions = new EnumMap<>(Kernel.class);

  /**
   * Loads the kernels; the device's context is current.
   *
   * @throws DeviceException.Unavailable if the driver cannot read them
   */
  Programs(Cu cu, DeviceInfo info, KernelImage image, Options asked) {
    this.cu = cu;
    int capability =
        10 * cu.attribute(info.index(), Cu.CAPABILITY_MAJOR)
            + cu.attribute(info.index(), Cu.CAPABILITY_MINOR);
    tensorCores = capability >= 80;
    multiprocessors = cu.attribute(info.index(), Cu.MULTIPROCESSORS);
    options = asked.on(capability);
    module = load(image, capability, info);
    for (Kernel kernel : Kernel.values()) {
      long function = cu.function(module, kernel.symbol());
      functions.put(kernel, function);
      boolean runs = kernel.hopper() ? options.wgmma() : tensorCores;
      if (runs && kernel.mostShared() > Kernel.SHARED_UNASKED) {
        cu.allowShared(function, kernel.mostShared());
      }
    }
  }

  /**
   * Kernels of a newer toolkit than the driver knows: NVRTC, which came with the driver's, may do.
   */
  private long load(KernelImage image, int capability, DeviceInfo info) {
    try {
      return cu.loadModule(image.load(capability));
    } catch (CuException e) {
      if (!e.isImage()) {
        throw e;
      }
      return cu.loadModule(
          Nvrtc.open()
              .orElseThrow(
                  () ->
                      new DeviceException.Unavailable(
                          "%s: its driver cannot load the kernels, %s; update the driver"
                              .formatted(info.id(), e.getMessage()),
                          e))
              .compile(capability));
    }
  }

  /** Whether the kernels that use tensor cores run here. */
  boolean tensorCores() {
    return tensorCores;
  }

  /** What else of them runs here. */
  Options options() {
    return options;
  }

  int multiprocessors() {
    return multiprocessors;
  }

  long function(Kernel kernel) {
    return functions.get(kernel);
  }

  @Override
  public void close() {
    cu.unloadModule(module);
  }
}
