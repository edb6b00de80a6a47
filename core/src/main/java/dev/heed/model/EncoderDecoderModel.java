package dev.heed.model;

import dev.heed.nn.Batch;
import dev.heed.nn.CrossCache;
import dev.heed.nn.KvCache;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;

/** An encoder-decoder: reads a source and predicts the next token of a target. */
public interface EncoderDecoderModel {
  /** The part that reads sources. */
  EncoderModel encoder();

  /** Sizes of the decoder; self- and cross-attention have the same heads. */
  DecoderModel.Dimensions decoder();

  /**
   * Computes the keys and values of encoded sources, once for all steps of their targets.
   *
   * @param memory F32 [S, hidden]: what the encoder made of all sources
   * @param cross receives them, [S, KH, D] in each layer
   */
  void project(Ops ops, Workspace ws, Tensor memory, CrossCache cross);

  /**
   * Runs a step: stores the keys and values of the batch's T target tokens in the cache and
   * computes logits.
   *
   * @param cross keys and values of the source of each target
   * @param rows I32 [R]: which rows of the batch want logits; none for all, then R = T
   * @param logits F32 [R, vocabulary]
   */
  void decode(
      Ops ops,
      Workspace ws,
      Batch batch,
      KvCache cache,
      CrossCache cross,
      Optional<Tensor> rows,
      Tensor logits);
}
