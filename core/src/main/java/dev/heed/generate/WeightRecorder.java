package dev.heed.generate;

import dev.heed.device.CommandQueue;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * Records the weights of each attention. The device keeps one layer of them at a time, [queries,
 * heads, keys]; on the host they become [heads, queries, keys].
 */
final class WeightRecorder extends Recorder {
  private final CommandQueue queue;
  private final Arena scratch;
  private final Map<Stage, Tensor> layers = new EnumMap<>(Stage.class);
  private final Map<Stage, MemorySegment> staging = new EnumMap<>(Stage.class);
  private Optional<Stage> pending = Optional.empty();

  /**
   * A recorder.
   *
   * @param scratch for a layer of weights, on the device and on the host
   */
  WeightRecorder(CommandQueue queue, Census census, Arena scratch, Arena results) {
    super(census, results);
    this.queue = queue;
    this.scratch = scratch;
  }

  @Override
  public Optional<Tensor> weights(Stage stage, long queries, int heads, int maxKeys) {
    fetch();
    pending = Optional.of(stage);
    Shape shape = Shape.of(queries, heads, maxKeys);
    return Optional.of(
        layers.computeIfAbsent(stage, s -> Census.layer(queue.device(), shape, scratch)));
  }

  @Override
  Shape host(Shape device) {
    return Shape.of(device.dim(1), device.dim(0), device.dim(2));
  }

  @Override
  Map<Stage, Recorded> finish() {
    fetch();
    return super.finish();
  }

  /** Takes over what the last attention has left, if it has not been taken yet. */
  private void fetch() {
    pending.ifPresent(stage -> copyByHead(download(stage), layers.get(stage).shape(), next(stage)));
    pending = Optional.empty();
  }

  private MemorySegment download(Stage stage) {
    Tensor layer = layers.get(stage);
    Optional<MemorySegment> inPlace = layer.buffer().host();
    if (inPlace.isPresent()) {
      queue.synchronize();
      return inPlace.get();
    }
    MemorySegment host =
        staging.computeIfAbsent(stage, s -> scratch.allocate(layer.byteSize(), Float.BYTES));
    queue.download(layer, host);
    queue.synchronize();
    return host;
  }

  /** From [queries, heads, keys] to [heads, queries, keys]. */
  private static void copyByHead(MemorySegment from, Shape shape, MemorySegment to) {
    long queries = shape.dim(0);
    long heads = shape.dim(1);
    long row = shape.dim(2) * Float.BYTES;
    for (long q = 0; q < queries; q++) {
      for (long h = 0; h < heads; h++) {
        MemorySegment.copy(from, (q * heads + h) * row, to, (h * queries + q) * row, row);
      }
    }
  }
}
