package dev.heed.model;

import dev.heed.nn.Ragged;
import dev.heed.op.Ops;
import dev.heed.op.Sequences;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;

/** An encoder: a vector for each token, which has seen all of its text. */
public interface EncoderModel {
  /** Elements of a token's vector. */
  int hidden();

  /** Number of ids. */
  int vocabulary();

  /** The longest text, in tokens. */
  int positions();

  /**
   * Runs a ragged batch of B texts with T tokens.
   *
   * @param out F32 [T, hidden]
   */
  void forward(Ops ops, Workspace ws, Input input, Tensor out);

  /**
   * A ragged batch, one text behind the other, all on the device.
   *
   * @param ids I32 [T]
   * @param positions I32 [T]: of each token in its text
   * @param types I32 [T]: segment of each token, 0 unless texts are pairs
   * @param seq B sequences that all start at position 0
   * @param starts I32 [B]: first row of each text
   * @param lengths I32 [B]
   */
  record Input(
      Tensor ids, Tensor positions, Tensor types, Sequences seq, Tensor starts, Tensor lengths) {
    /** Its rows, which attend within their own text. */
    public Ragged within() {
      return new Ragged(positions, seq, starts, lengths);
    }
  }
}
