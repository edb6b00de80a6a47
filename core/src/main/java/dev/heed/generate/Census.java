package dev.heed.generate;

import dev.heed.device.Device;
import dev.heed.device.Usage;
import dev.heed.op.Probe;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** Looks on while a pass is rehearsed, and counts what there will be to record. */
final class Census implements Probe {
  /**
   * Of one stage.
   *
   * @param count how many
   * @param shape of each, as it lies on the device: [T, heads, maxKeys] or [T, hidden]
   */
  record Entry(int count, Shape shape) {
    /** Bytes of all. */
    long bytes() {
      return count * DType.F32.bytes(shape.elements());
    }
  }

  private final Device device;
  private final boolean weights;
  private final Map<Stage, Entry> entries = new EnumMap<>(Stage.class);
  private final Map<Stage, Tensor> layers = new EnumMap<>(Stage.class);

  /**
   * Of attention weights, or of hidden states.
   *
   * @param device the stand-in on which the pass is rehearsed
   */
  Census(Device device, boolean weights) {
    this.device = device;
    this.weights = weights;
  }

  /** What one stage has to record. */
  Entry entry(Stage stage) {
    return entries.get(stage);
  }

  /** Bytes of all that will be recorded. */
  long bytes() {
    return entries.values().stream().mapToLong(Entry::bytes).sum();
  }

  @Override
  public Optional<Tensor> weights(Stage stage, long queries, int heads, int maxKeys) {
    if (!weights) {
      return Optional.empty();
    }
    Shape shape = Shape.of(queries, heads, maxKeys);
    count(stage, shape);
    return Optional.of(layers.computeIfAbsent(stage, s -> layer(device, shape, Arena.global())));
  }

  @Override
  public void hiddenState(Stage stage, Tensor x) {
    if (!weights) {
      count(stage, x.shape());
    }
  }

  private void count(Stage stage, Shape shape) {
    entries.merge(stage, new Entry(1, shape), (a, b) -> new Entry(a.count() + 1, shape));
  }

  /** Where every layer of a stage leaves its weights in turn. */
  static Tensor layer(Device device, Shape shape, Arena arena) {
    long bytes = DType.F32.bytes(shape.elements());
    return Tensor.of(device.allocate(bytes, Usage.STATE, arena), 0, shape, DType.F32);
  }
}
