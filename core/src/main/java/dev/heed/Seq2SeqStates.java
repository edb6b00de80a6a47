package dev.heed;

import dev.heed.generate.Observation;
import dev.heed.generate.Recorded;
import dev.heed.op.Probe.Stage;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;

/**
 * What each layer of an encoder-decoder made of each token of a source and a target. Closing either
 * frees both.
 *
 * @param encoder of the source
 * @param decoder of the target
 */
public record Seq2SeqStates(HiddenStates encoder, HiddenStates decoder) implements AutoCloseable {

  /** Observes both. */
  static Seq2SeqStates of(Observation observation, List<Token> source, List<Token> target) {
    Arena arena = Arena.ofShared();
    try {
      Map<Stage, Recorded> all = observation.hiddenStates(arena);
      return new Seq2SeqStates(
          HiddenStates.of(Stage.ENCODER, all.get(Stage.ENCODER), source, arena),
          HiddenStates.of(Stage.DECODER, all.get(Stage.DECODER), target, arena));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Frees the values; twice is harmless. */
  @Override
  public void close() {
    encoder.close();
  }
}
