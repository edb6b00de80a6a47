package dev.heed;

import dev.heed.generate.Observation;
import dev.heed.generate.Recorded;
import dev.heed.op.Probe.Stage;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;

/**
 * What an encoder-decoder attended to over a source and a target. Closing any of the maps frees all
 * three.
 *
 * @param encoder from the source to itself
 * @param decoder from the target to itself, causal
 * @param cross from the target to the source
 */
public record Seq2SeqAttention(AttentionMap encoder, AttentionMap decoder, AttentionMap cross)
    implements AutoCloseable {

  /** Observes all three. */
  static Seq2SeqAttention of(Observation observation, List<Token> source, List<Token> target) {
    Arena arena = Arena.ofShared();
    try {
      Map<Stage, Recorded> all = observation.attention(arena);
      return new Seq2SeqAttention(
          AttentionMap.of(Stage.ENCODER, all.get(Stage.ENCODER), source, source, arena),
          AttentionMap.of(Stage.DECODER, all.get(Stage.DECODER), target, target, arena),
          AttentionMap.of(Stage.CROSS, all.get(Stage.CROSS), target, source, arena));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Frees the weights; twice is harmless. */
  @Override
  public void close() {
    cross.close();
  }
}
