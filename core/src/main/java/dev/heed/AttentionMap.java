package dev.heed;

import dev.heed.generate.Observation;
import dev.heed.generate.Recorded;
import dev.heed.op.Probe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;

/**
 * What attention attended to: the weights of every layer and head of a model over one text, those
 * that multiply the values (Vaswani et al. 2017, equation 1). A row of weights says how a token,
 * the query, mixed the other tokens, the keys; where the normaliser is softmax, it sums to 1.
 *
 * <p>Lies outside the Java heap; close it when done. Any thread may read it.
 *
 * @param stage an encoder's, in both directions; a decoder's, causal; from a target to its source
 * @param queries the tokens that attend
 * @param keys the tokens they attend to; the same but in cross-attention
 * @param layers L
 * @param heads H
 * @param weights F32 [L, H, queries, keys]
 * @param arena owns the weights
 */
public record AttentionMap(
    Probe.Stage stage,
    List<Token> queries,
    List<Token> keys,
    int layers,
    int heads,
    MemorySegment weights,
    Arena arena)
    implements AutoCloseable {
  public AttentionMap {
    queries = List.copyOf(queries);
    keys = List.copyOf(keys);
    long elements = (long) layers * heads * queries.size() * keys.size();
    if (weights.byteSize() != elements * Float.BYTES) {
      throw new IllegalArgumentException(
          "attention map: %d bytes for [%d, %d, %d, %d]"
              .formatted(weights.byteSize(), layers, heads, queries.size(), keys.size()));
    }
  }

  /** Observes a stage whose tokens attend to each other. */
  static AttentionMap of(Observation observation, Probe.Stage stage, List<Token> tokens) {
    Arena arena = Arena.ofShared();
    try {
      return of(stage, observation.attention(arena).get(stage), tokens, tokens, arena);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** What was recorded of a stage. */
  static AttentionMap of(
      Probe.Stage stage, Recorded recorded, List<Token> queries, List<Token> keys, Arena arena) {
    int heads = Math.toIntExact(recorded.each().dim(0));
    return new AttentionMap(
        stage, queries, keys, recorded.count(), heads, recorded.values(), arena);
  }

  /**
   * How much of {@code key} is in what {@code query} takes in, from 0 to 1.
   *
   * @throws IndexOutOfBoundsException if there is no such layer, head, query or key
   */
  public float weight(int layer, int head, int query, int key) {
    Objects.checkIndex(key, keys.size());
    return weights.getAtIndex(ValueLayout.JAVA_FLOAT, row(layer, head, query) + key);
  }

  /** The weights of one query: F32 [keys]. */
  public float[] weights(int layer, int head, int query) {
    return weights
        .asSlice(row(layer, head, query) * Float.BYTES, (long) keys.size() * Float.BYTES)
        .toArray(ValueLayout.JAVA_FLOAT);
  }

  /** The weights of one head: F32 [queries, keys], in the memory of this map. */
  public MemorySegment head(int layer, int head) {
    long elements = (long) queries.size() * keys.size();
    return weights.asSlice(row(layer, head, 0) * Float.BYTES, elements * Float.BYTES);
  }

  /** {@link #weight} averaged over the heads of a layer. */
  public float mean(int layer, int query, int key) {
    double sum = 0;
    for (int head = 0; head < heads; head++) {
      sum += weight(layer, head, query, key);
    }
    return (float) (sum / heads);
  }

  private long row(int layer, int head, int query) {
    Objects.checkIndex(layer, layers);
    Objects.checkIndex(head, heads);
    Objects.checkIndex(query, queries.size());
    return (((long) layer * heads + head) * queries.size() + query) * keys.size();
  }

  /** Frees the weights; twice is harmless. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
