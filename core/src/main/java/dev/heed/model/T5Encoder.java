package dev.heed.model;

import dev.heed.device.Use;
import dev.heed.nn.Embedding;
import dev.heed.nn.Encoder;
import dev.heed.nn.EncoderLayer;
import dev.heed.nn.Loader;
import dev.heed.nn.ScaledDotProductAttention;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * T5's encoder (Raffel et al. 2020), alone as in Sentence-T5 (Ni et al. 2022) or as a part of
 * {@link T5}.
 */
public final class T5Encoder implements EncoderModel {
  /** Relative positions know no limit; this one bounds the memory. */
  private static final int POSITIONS = 2048;

  private final int hidden;
  private final int positions;
  private final Embedding words;
  private final Encoder encoder;

  /**
   * Loads the weights.
   *
   * @throws dev.heed.checkpoint.CheckpointException if a tensor is missing or has another shape
   */
  public T5Encoder(Config config, Loader loader) {
    this(config, loader, T5Blocks.of(config).words(loader, Use.TABLE));
  }

  /** With words that others use too. */
  T5Encoder(Config config, Loader loader, Embedding words) {
    T5Blocks blocks = T5Blocks.of(config);
    this.hidden = blocks.hidden();
    this.positions = Math.max(config.integer("n_positions", POSITIONS), POSITIONS);
    this.words = words;
    Loader stack = loader.at("encoder");
    ScaledDotProductAttention attention = blocks.attention(stack, false);
    this.encoder =
        new Encoder(
            IntStream.range(0, config.integer("num_layers"))
                .mapToObj(i -> layer(blocks, attention, stack.at("block." + i)))
                .toList(),
            Optional.of(blocks.norm(stack, "final_layer_norm")));
  }

  private static EncoderLayer layer(
      T5Blocks blocks, ScaledDotProductAttention attention, Loader at) {
    return new EncoderLayer(
        blocks.self(at.at("layer.0.SelfAttention"), attention),
        blocks.preNorm(at.at("layer.0")),
        blocks.feedForward(at.at("layer.1.DenseReluDense")),
        blocks.preNorm(at.at("layer.1")));
  }

  @Override
  public int hidden() {
    return hidden;
  }

  @Override
  public int vocabulary() {
    return words.size();
  }

  @Override
  public int positions() {
    return positions;
  }

  @Override
  public void forward(Ops ops, Workspace ws, Input in, Tensor out) {
    words.forward(ops, out, in.ids());
    encoder.forward(ops, ws, out, in.within());
  }
}
