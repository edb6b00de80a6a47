package dev.heed.device;

import dev.heed.device.DeviceProvider.Discovery;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Predicate;

/** Finds providers and opens devices. */
public final class Devices {
  /**
   * Names the device to use when the caller names none; the environment's {@link #VARIABLE} comes
   * second.
   */
  public static final String PROPERTY = "heed.device";

  /** The environment's way to say the same. */
  public static final String VARIABLE = "HEED_DEVICE";

  private static final List<String> PREFERENCE = List.of("cuda", "opencl", "cpu");

  private Devices() {}

  /**
   * What each provider on the class path found, by the provider's name; one that cannot be loaded
   * is a reason too.
   */
  public static Map<String, Discovery> discover() {
    Map<String, Discovery> found = new LinkedHashMap<>();
    search(name -> true, found, new ArrayList<>());
    return found;
  }

  /**
   * Opens the device that {@code heed.device} or {@code HEED_DEVICE} names; without either a CUDA
   * GPU, else an OpenCL GPU, else the CPU device that promises most: the embedded one, unless
   * another calculates in vectors at least twice as wide.
   *
   * @throws DeviceException.Unavailable if the named device is not there, with every provider's
   *     reason
   */
  public static Device best() {
    String asked = System.getProperty(PROPERTY, System.getenv(VARIABLE));
    if (asked != null && !asked.isBlank()) {
      return open(asked.strip());
    }
    Map<String, Discovery> found = new LinkedHashMap<>();
    List<DeviceProvider> providers = new ArrayList<>();
    search(name -> true, found, providers);
    return choose(found.values().stream().flatMap(d -> d.devices().stream()).toList())
        .map(d -> provider(providers, d).open(d))
        .orElseThrow(() -> unavailable("no device", found));
  }

  /**
   * Opens a device by its id: {@code cuda}, {@code opencl:1}, {@code cpu}. Without an index, the
   * provider's first device. Other providers' drivers are not loaded.
   *
   * @throws DeviceException.Unavailable if it is not there, with every provider's reason
   */
  public static Device open(String id) {
    String named = id.split(":", 2)[0];
    Map<String, Discovery> found = new LinkedHashMap<>();
    List<DeviceProvider> providers = new ArrayList<>();
    search(named::equals, found, providers);
    for (Discovery discovery : found.values()) {
      for (DeviceInfo info : discovery.devices()) {
        if (id.equals(info.id())
            || id.equals(info.provider() + ":" + info.index())
            || id.equals(info.provider())) {
          return provider(providers, info).open(info);
        }
      }
    }
    throw unavailable("no device '" + id + "'", discover());
  }

  /** What {@link #best} would open of these. */
  static Optional<DeviceInfo> choose(List<DeviceInfo> devices) {
    Comparator<DeviceInfo> preference = Comparator.comparingInt(d -> rank(d.provider()));
    Optional<DeviceInfo> gpu =
        devices.stream().filter(d -> d.kind() == DeviceInfo.Kind.GPU).min(preference);
    if (gpu.isPresent()) {
      return gpu;
    }
    Optional<DeviceInfo> embedded =
        devices.stream().filter(d -> d.provider().equals("cpu")).findFirst();
    int bits = embedded.map(DeviceInfo::vectorBits).orElse(0);
    return devices.stream()
        .filter(d -> d.vectorBits() >= 2 * bits && !embedded.equals(Optional.of(d)))
        .min(Comparator.comparingInt(DeviceInfo::vectorBits).reversed().thenComparing(preference))
        .or(() -> embedded);
  }

  private static int rank(String provider) {
    int i = PREFERENCE.indexOf(provider);
    return i < 0 ? PREFERENCE.size() : i;
  }

  private static DeviceProvider provider(List<DeviceProvider> providers, DeviceInfo info) {
    return providers.stream()
        .filter(p -> p.name().equals(info.provider()))
        .findFirst()
        .orElseThrow();
  }

  /** Asks the providers of these names. */
  private static void search(
      Predicate<String> names, Map<String, Discovery> found, List<DeviceProvider> providers) {
    var loaded = ServiceLoader.load(DeviceProvider.class).stream().iterator();
    while (true) {
      String name = "unknown";
      try {
        if (!loaded.hasNext()) {
          return;
        }
        var next = loaded.next();
        name = next.type().getName();
        DeviceProvider provider = next.get();
        name = provider.name();
        if (!names.test(name)) {
          continue;
        }
        if (provider.spiVersion() != DeviceProvider.SPI_VERSION) {
          found.put(name, Discovery.none(wrongVersion(provider)));
          continue;
        }
        found.put(name, provider.discover());
        providers.add(provider);
      } catch (ServiceConfigurationError | LinkageError e) {
        found.put(name, Discovery.none("the provider does not load: " + oneLine(e)));
      }
    }
  }

  private static String wrongVersion(DeviceProvider provider) {
    return "it speaks version %d of the device SPI, this Heed speaks %d; use matching versions"
        .formatted(provider.spiVersion(), DeviceProvider.SPI_VERSION);
  }

  private static DeviceException.Unavailable unavailable(
      String what, Map<String, Discovery> found) {
    StringBuilder line = new StringBuilder(what).append("; there is ");
    List<String> parts = new ArrayList<>();
    found.forEach(
        (name, discovery) -> {
          List<String> ids = discovery.devices().stream().map(DeviceInfo::id).toList();
          parts.add(
              ids.isEmpty()
                  ? "no " + name + " (" + discovery.whyNone().orElse("no reason given") + ")"
                  : String.join(", ", ids));
        });
    return new DeviceException.Unavailable(
        line.append(parts.isEmpty() ? "no provider on the class path" : String.join("; ", parts))
            .toString());
  }

  private static String oneLine(Throwable e) {
    String text = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return text.lines().findFirst().orElse(text);
  }
}
