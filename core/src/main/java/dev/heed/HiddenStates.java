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
 * What each layer of a model made of each token of a text: state 0 is the embeddings, state l what
 * the l-th layer put out. A norm behind the last layer, as pre-norm models have one, is not
 * applied.
 *
 * <p>Lies outside the Java heap; close it when done. Any thread may read it.
 *
 * @param stage an encoder's or a decoder's
 * @param tokens of the text
 * @param states layers + 1
 * @param hidden elements of a vector
 * @param values F32 [states, tokens, hidden]
 * @param arena owns the values
 */
public record HiddenStates(
    Probe.Stage stage,
    List<Token> tokens,
    int states,
    int hidden,
    MemorySegment values,
    Arena arena)
    implements AutoCloseable {
  public HiddenStates {
    tokens = List.copyOf(tokens);
    long elements = (long) states * tokens.size() * hidden;
    if (values.byteSize() != elements * Float.BYTES) {
      throw new IllegalArgumentException(
          "hidden states: %d bytes for [%d, %d, %d]"
              .formatted(values.byteSize(), states, tokens.size(), hidden));
    }
  }

  /** Observes a stage. */
  static HiddenStates of(Observation observation, Probe.Stage stage, List<Token> tokens) {
    Arena arena = Arena.ofShared();
    try {
      return of(stage, observation.hiddenStates(arena).get(stage), tokens, arena);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** What was recorded of a stage. */
  static HiddenStates of(Probe.Stage stage, Recorded recorded, List<Token> tokens, Arena arena) {
    int hidden = Math.toIntExact(recorded.each().dim(1));
    return new HiddenStates(stage, tokens, recorded.count(), hidden, recorded.values(), arena);
  }

  /**
   * The vector of a token: F32 [hidden].
   *
   * @param state 0 for its embedding, l for the output of the l-th layer
   * @throws IndexOutOfBoundsException if there is no such state or token
   */
  public float[] vector(int state, int token) {
    Objects.checkIndex(state, states);
    Objects.checkIndex(token, tokens.size());
    long bytes = (long) hidden * Float.BYTES;
    return values
        .asSlice(((long) state * tokens.size() + token) * bytes, bytes)
        .toArray(ValueLayout.JAVA_FLOAT);
  }

  /** Frees the values; twice is harmless. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
