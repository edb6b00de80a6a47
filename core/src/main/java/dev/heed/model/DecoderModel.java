package dev.heed.model;

import dev.heed.nn.Batch;
import dev.heed.nn.KvCache;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;

/** A decoder: predicts the next token of each sequence. */
public interface DecoderModel {
  /** What a session needs to know to make its cache. */
  Dimensions dimensions();

  /**
   * Runs a step: stores the keys and values of the batch's T tokens in the cache and computes
   * logits.
   *
   * @param rows I32 [R]: which rows of the batch want logits; none for all, then R = T
   * @param logits F32 [R, vocabulary]
   */
  void forward(
      Ops ops, Workspace ws, Batch batch, KvCache cache, Optional<Tensor> rows, Tensor logits);

  /**
   * Sizes of a decoder.
   *
   * @param layers how many
   * @param kvHeads heads of keys and values
   * @param headDim elements of a head
   * @param vocabulary logits of a position
   * @param context positions it was loaded for
   */
  record Dimensions(int layers, int kvHeads, int headDim, int vocabulary, int context) {}
}
