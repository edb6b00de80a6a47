package dev.heed.nn;

import dev.heed.device.Device;
import dev.heed.device.Usage;
import dev.heed.op.KeyValues;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Keys and values of encoded sources for the decoder's cross-attention, computed once per source:
 * target b attends to rows {@code starts[b]} to {@code starts[b] + lengths[b]}. Several targets may
 * share a source.
 *
 * @param layers keys and values of each layer, all with the same starts and lengths
 * @param maxKeys no source is longer
 */
public record CrossCache(List<KeyValues.Ragged> layers, int maxKeys) {
  public CrossCache {
    layers = List.copyOf(layers);
  }

  /**
   * Allocates a cache.
   *
   * @param layers how many layers
   * @param shape [S, KH, D]: S tokens of all sources
   * @param starts I32 [B]: first row of the source of each target
   * @param lengths I32 [B]: its tokens
   * @param maxKeys no source is longer
   */
  public static CrossCache allocate(
      Device device,
      int layers,
      Shape shape,
      DType dtype,
      Tensor starts,
      Tensor lengths,
      int maxKeys,
      Arena owner) {
    return new CrossCache(
        IntStream.range(0, layers)
            .mapToObj(
                i ->
                    new KeyValues.Ragged(
                        Tensor.allocate(device, Usage.STATE, owner, dtype, shape),
                        Tensor.allocate(device, Usage.STATE, owner, dtype, shape),
                        starts,
                        lengths))
            .toList(),
        maxKeys);
  }

  /** Which rows of a step belong to which target, as attention to its source wants it. */
  public Sequences sequences(Sequences target) {
    return new Sequences(target.queryOffsets(), target.queryStart(), target.maxQueries(), maxKeys);
  }

  /** The first rows of the same keys and values, under other starts and lengths. */
  public CrossCache with(long rows, Tensor starts, Tensor lengths) {
    return new CrossCache(
        layers.stream()
            .map(
                l ->
                    new KeyValues.Ragged(l.k().rows(0, rows), l.v().rows(0, rows), starts, lengths))
            .toList(),
        maxKeys);
  }
}
