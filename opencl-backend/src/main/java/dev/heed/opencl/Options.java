package dev.heed.opencl;

import dev.heed.device.DeviceInfo;
import dev.heed.tensor.DType;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What system properties say about OpenCL devices, read when one is opened.
 *
 * @param family {@code heed.opencl.family}, cpu, local or subgroup: the kernels to use; by default
 *     what suits the device
 * @param staged {@code heed.opencl.staged=true}: never work in the host's memory, even where the
 *     device could
 * @param computeTypes {@code heed.opencl.compute}, such as f16,bf16: types to calculate in that the
 *     device does not ask for itself; the GPU families then emulate arithmetic of halves
 * @param cache {@code heed.opencl.cache}: folder of built programs; empty for none
 * @param dots {@code heed.opencl.dots}, plain, pairs or bytes: the best way of products of rounded
 *     activations that may be used where the processor has it
 * @param chains {@code heed.opencl.chains=false}: processors get a launch for each recorded op
 * @param tuning {@code heed.opencl.tuning}, such as matmul.ROWS=2,rows.LANES=32: values of
 *     tunables, over all others
 * @param optimised {@code heed.opencl.optimise=false}: kernels are built without the driver's
 *     optimiser, as where it is suspected of an error, or takes long
 * @param spin {@code heed.opencl.spin=false}: let a processor's threads sleep between kernels, as
 *     {@link SpinWait} does not
 */
record Options(
    Optional<Family> family,
    boolean staged,
    Set<DType> computeTypes,
    Optional<Path> cache,
    Dots dots,
    boolean chains,
    String tuning,
    boolean optimised,
    boolean spin) {

  static Options fromProperties() {
    Set<DType> types = EnumSet.noneOf(DType.class);
    for (String type : System.getProperty("heed.opencl.compute", "").split(",")) {
      if (!type.isBlank()) {
        types.add(DType.valueOf(type.strip().toUpperCase(Locale.ROOT)));
      }
    }
    return new Options(
        choice("heed.opencl.family", Family.class),
        Boolean.getBoolean("heed.opencl.staged"),
        types,
        cacheFolder(),
        choice("heed.opencl.dots", Dots.class).orElse(Dots.BYTES),
        unlessOff("heed.opencl.chains"),
        System.getProperty("heed.opencl.tuning", ""),
        unlessOff("heed.opencl.optimise"),
        unlessOff("heed.opencl.spin"));
  }

  private static boolean unlessOff(String property) {
    return Boolean.parseBoolean(System.getProperty(property, "true"));
  }

  /**
   * The constant that a property names, in any case.
   *
   * @throws IllegalArgumentException if there is none of that name; the message names those there
   *     are
   */
  private static <E extends Enum<E>> Optional<E> choice(String property, Class<E> type) {
    String name = System.getProperty(property, "").strip();
    if (name.isEmpty()) {
      return Optional.empty();
    }
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equalsIgnoreCase(name)) {
        return Optional.of(constant);
      }
    }
    throw new IllegalArgumentException(
        "%s=%s: want one of %s"
            .formatted(property, name, List.of(type.getEnumConstants()))
            .toLowerCase(Locale.ROOT));
  }

  private static Optional<Path> cacheFolder() {
    String asked = System.getProperty("heed.opencl.cache");
    if (asked != null) {
      return asked.isBlank() ? Optional.empty() : Optional.of(Path.of(asked));
    }
    String home = System.getProperty("user.home");
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String xdg = System.getenv("XDG_CACHE_HOME");
    String windows = System.getenv("LOCALAPPDATA");
    Path caches =
        os.startsWith("windows") && windows != null
            ? Path.of(windows)
            : os.startsWith("mac")
                ? Path.of(home, "Library", "Caches")
                : xdg != null && !xdg.isBlank() ? Path.of(xdg) : Path.of(home, ".cache");
    return Optional.of(caches.resolve("heed").resolve("opencl"));
  }

  Options withFamily(Family value) {
    return new Options(
        Optional.of(value), staged, computeTypes, cache, dots, chains, tuning, optimised, spin);
  }

  Options withStaged(boolean value) {
    return new Options(family, value, computeTypes, cache, dots, chains, tuning, optimised, spin);
  }

  Options withComputeTypes(Set<DType> value) {
    return new Options(family, staged, value, cache, dots, chains, tuning, optimised, spin);
  }

  Options withCache(Path folder) {
    return new Options(
        family, staged, computeTypes, Optional.of(folder), dots, chains, tuning, optimised, spin);
  }

  Options withTuning(String values) {
    return new Options(family, staged, computeTypes, cache, dots, chains, values, optimised, spin);
  }

  Options withDots(Dots most) {
    return new Options(family, staged, computeTypes, cache, most, chains, tuning, optimised, spin);
  }

  Options withOptimised(boolean value) {
    return new Options(family, staged, computeTypes, cache, dots, chains, tuning, value, spin);
  }

  Options withSpin(boolean value) {
    return new Options(family, staged, computeTypes, cache, dots, chains, tuning, optimised, value);
  }

  /** What the driver's compiler is told beside the language. */
  String buildOptions() {
    return optimised ? "" : " -cl-opt-disable";
  }

  Options withChains(boolean value) {
    return new Options(family, staged, computeTypes, cache, dots, value, tuning, optimised, spin);
  }

  /** Whether ops of a row share launches: a processor's threads wait for each other. */
  boolean chains(ClDevice device) {
    return chains && device.isCpu() && familyOf(device) == Family.CPU;
  }

  /** The kernels for a device. */
  Family familyOf(ClDevice device) {
    return family.orElseGet(() -> suiting(device));
  }

  private static Family suiting(ClDevice device) {
    if (device.isCpu()) {
      return Family.CPU;
    }
    return Subgroups.of(device).isPresent() ? Family.SUBGROUP : Family.LOCAL;
  }

  /** By what means kernels compute in F16. */
  Halves halves(ClDevice device) {
    if (device.hasHalf()) {
      return Halves.DRIVER;
    }
    boolean asked = computeTypes.contains(DType.F16) && familyOf(device) != Family.CPU;
    return asked ? Halves.EMULATED : Halves.NONE;
  }

  /** Whether buffers lie in the host's memory and the host reads them in place. */
  boolean sharesHostMemory(ClDevice device) {
    return !staged && device.isCpu() && device.unifiedMemory();
  }

  /** What Heed says of a device. */
  DeviceInfo describe(ClDevice device, int index) {
    Set<DType> types = EnumSet.of(DType.F32);
    if (device.hasHalf()) {
      types.add(DType.F16);
    }
    if (familyOf(device) == Family.CPU) {
      types.add(DType.Q8_0);
    }
    types.addAll(computeTypes);
    return new DeviceInfo(
        "opencl",
        index,
        device.name(),
        device.isCpu() ? DeviceInfo.Kind.CPU : DeviceInfo.Kind.GPU,
        device.memoryBytes(),
        device.maxAllocationBytes(),
        types,
        device.platformName() + ", " + device.driver(),
        device.isCpu() ? device.vectorBits() : 0,
        Tuning.of(device, this).origin());
  }
}
