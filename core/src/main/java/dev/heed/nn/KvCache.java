package dev.heed.nn;

import dev.heed.device.Device;
import dev.heed.device.Usage;
import dev.heed.op.KeyValues;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Keys and values of all positions so far, in pages (Kwon et al. 2023): position p of sequence b is
 * row {@code p % pageSize} of page {@code blockTable[b, p / pageSize]}, the same in every layer.
 *
 * @param layers keys and values of each layer, under the same block table and lengths
 */
public record KvCache(List<KeyValues.Paged> layers) {
  public KvCache {
    layers = List.copyOf(layers);
  }

  /**
   * Allocates a cache.
   *
   * @param layers how many layers
   * @param pageShape [P, pageSize, KH, D]
   * @param blockTable I32 [B, maxBlocks]
   * @param lengths I32 [B]: positions filled, those of the present step included
   */
  public static KvCache allocate(
      Device device,
      int layers,
      Shape pageShape,
      DType dtype,
      Tensor blockTable,
      Tensor lengths,
      Arena owner) {
    return new KvCache(
        IntStream.range(0, layers)
            .mapToObj(
                i ->
                    new KeyValues.Paged(
                        Tensor.allocate(device, Usage.STATE, owner, dtype, pageShape),
                        Tensor.allocate(device, Usage.STATE, owner, dtype, pageShape),
                        blockTable,
                        lengths))
            .toList());
  }

  /** The same pages and block table under another tensor of lengths. */
  public KvCache withLengths(Tensor lengths) {
    return new KvCache(
        layers.stream()
            .map(l -> new KeyValues.Paged(l.kPages(), l.vPages(), l.blockTable(), lengths))
            .toList());
  }

  /** The same pages under another block table and lengths. */
  public KvCache with(Tensor blockTable, Tensor lengths) {
    return new KvCache(
        layers.stream()
            .map(l -> new KeyValues.Paged(l.kPages(), l.vPages(), blockTable, lengths))
            .toList());
  }
}
