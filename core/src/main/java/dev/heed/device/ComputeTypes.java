package dev.heed.device;

import dev.heed.tensor.DType;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which type a model computes in on a device: that of what products and attention read, the keys
 * and values of its caches included. Sums, statistics, softmax, logits and the residual stream are
 * F32 in any case.
 *
 * <p>Q8_0 is F32 but for products with weights of block types: these read activations rounded to 8
 * bits with a scale for each 32, as llama.cpp always has them; and for products with weights of F16
 * and BF16 where a device rounds them, see {@link Use#ROUNDED}. It is taken only when asked for.
 */
public final class ComputeTypes {
  /**
   * Names the type where the caller names none; the environment's {@link #VARIABLE} comes second.
   */
  public static final String PROPERTY = "heed.compute";

  /** The environment's way to say the same. */
  public static final String VARIABLE = "HEED_COMPUTE";

  /** What is chosen among, best first on a GPU: BF16 has F32's range, F16 more digits. */
  private static final List<DType> PREFERENCE = List.of(DType.BF16, DType.F16, DType.F32);

  /** What may be asked for. */
  private static final List<DType> ALL = List.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0);

  private ComputeTypes() {}

  /** Chooses for a model that any type suits, and a caller who asks for none. */
  public static DType choose(DeviceInfo device) {
    return choose(device, Optional.empty(), Set.of());
  }

  /**
   * The type asked for, else the one that {@code heed.compute} or {@code HEED_COMPUTE} names, else
   * BF16 or F16 on a GPU that has it, else F32.
   *
   * @param overflowing types whose range the model's activations leave: only taken when asked for
   * @throws DeviceException.Unsupported if the device does not compute in the type asked for
   * @throws IllegalArgumentException if what the property names is no such type
   */
  public static DType choose(DeviceInfo device, Optional<DType> asked, Set<DType> overflowing) {
    Optional<DType> wanted = asked.or(ComputeTypes::ofProperty);
    if (wanted.isPresent()) {
      return require(device, wanted.get());
    }
    return PREFERENCE.stream()
        .filter(t -> device.kind() == DeviceInfo.Kind.GPU && device.computeTypes().contains(t))
        .filter(t -> !overflowing.contains(t))
        .findFirst()
        .orElse(DType.F32);
  }

  private static Optional<DType> ofProperty() {
    return Optional.ofNullable(System.getProperty(PROPERTY, System.getenv(VARIABLE)))
        .filter(name -> !name.isBlank())
        .map(ComputeTypes::named);
  }

  private static DType require(DeviceInfo device, DType wanted) {
    if (!device.computeTypes().contains(wanted)) {
      throw new DeviceException.Unsupported(
          "%s does not compute in %s: choose %s"
              .formatted(device.id(), name(wanted), alternatives(device)));
    }
    return wanted;
  }

  /**
   * The type that users write as {@code f32}, {@code f16}, {@code bf16} or {@code q8_0}.
   *
   * @throws IllegalArgumentException for any other name
   */
  public static DType named(String name) {
    return ALL.stream()
        .filter(t -> t.name().equalsIgnoreCase(name.strip()))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "compute type '%s': want f32, f16, bf16 or q8_0".formatted(name.strip())));
  }

  /** The type of activations and caches: the compute type, but F32 for Q8_0. */
  public static DType activations(DType compute) {
    return compute.isBlock() ? DType.F32 : compute;
  }

  /** Whether models may compute in it. */
  public static boolean are(DType type) {
    return ALL.contains(type);
  }

  /** As users write it: {@code bf16}. */
  public static String name(DType type) {
    return type.name().toLowerCase(Locale.ROOT);
  }

  private static String alternatives(DeviceInfo device) {
    return device.computeTypes().stream()
        .sorted()
        .map(ComputeTypes::name)
        .collect(Collectors.joining(" or "));
  }
}
