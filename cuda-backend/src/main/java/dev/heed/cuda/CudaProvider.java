package dev.heed.cuda;

import dev.heed.device.Device;
import dev.heed.device.DeviceException;
import dev.heed.device.DeviceInfo;
import dev.heed.device.DeviceProvider;
import dev.heed.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** The NVIDIA GPUs of this machine. */
public final class CudaProvider implements DeviceProvider {
  /** Turing: what the kernels are compiled for at least. */
  private static final int LEAST_CAPABILITY = 75;

  private static final int LEAST_DRIVER = 12000;

  private final Supplier<Cu> driver;
  private final KernelImage image;
  private final Supplier<Options> options;

  /** The provider over this machine's driver. */
  public CudaProvider() {
    this(DriverCu::new, KernelImage.ofBuild());
  }

  CudaProvider(Supplier<Cu> driver, KernelImage image) {
    this(driver, image, Options::fromProperties);
  }

  CudaProvider(Supplier<Cu> driver, KernelImage image, Supplier<Options> options) {
    this.driver = driver;
    this.image = image;
    this.options = options;
  }

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public int spiVersion() {
    return SPI_VERSION;
  }

  @Override
  public Discovery discover() {
    try {
      return find(driver.get());
    } catch (DeviceException e) {
      return Discovery.none(e.getMessage());
    } catch (CuException e) {
      return Discovery.none(
          "the NVIDIA driver has no GPUs: " + e.getMessage() + "; check it with nvidia-smi");
    }
  }

  private Discovery find(Cu cu) {
    int version = cu.driverVersion();
    if (version < LEAST_DRIVER) {
      return Discovery.none(
          "the NVIDIA driver is too old: it has CUDA %s, Heed wants 12.0; update the driver"
              .formatted(text(version)));
    }
    List<DeviceInfo> found = new ArrayList<>();
    List<String> old = new ArrayList<>();
    for (int i = 0; i < cu.deviceCount(); i++) {
      if (capability(cu, i) < LEAST_CAPABILITY) {
        old.add(cu.deviceName(i));
      } else {
        found.add(describe(cu, i));
      }
    }
    if (found.isEmpty()) {
      return Discovery.none(
          old.isEmpty()
              ? "the NVIDIA driver has no GPUs; check it with nvidia-smi"
              : "found %s; Heed wants a GPU of compute capability 7.5 (Turing) or later"
                  .formatted(String.join(", ", old)));
    }
    return new Discovery(found, Optional.empty());
  }

  private static int capability(Cu cu, int device) {
    return 10 * cu.attribute(device, Cu.CAPABILITY_MAJOR)
        + cu.attribute(device, Cu.CAPABILITY_MINOR);
  }

  /** 12060 is 12.6. */
  private static String text(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  private static DeviceInfo describe(Cu cu, int i) {
    long memory = cu.totalMemory(i);
    int capability = capability(cu, i);
    return new DeviceInfo(
        "cuda",
        i,
        cu.deviceName(i),
        DeviceInfo.Kind.GPU,
        memory,
        memory,
        capability < 80
            ? Set.of(DType.F32, DType.F16, DType.Q8_0)
            : Set.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0),
        "CUDA %s, compute capability %d.%d, %d multiprocessors"
            .formatted(
                text(cu.driverVersion()),
                capability / 10,
                capability % 10,
                cu.attribute(i, Cu.MULTIPROCESSORS)));
  }

  /**
   * Opens a GPU that {@link #discover} found.
   *
   * @throws DeviceException.Unavailable if it is not there any more, or the driver refuses
   */
  @Override
  public Device open(DeviceInfo which) {
    Discovery now = discover();
    DeviceInfo info =
        now.devices().stream()
            .filter(d -> d.index() == which.index())
            .findFirst()
            .orElseThrow(
                () ->
                    new DeviceException.Unavailable(
                        which.id() + ": " + now.whyNone().orElse("no such GPU")));
    return new CudaDevice(driver.get(), info, image, options.get());
  }
}
