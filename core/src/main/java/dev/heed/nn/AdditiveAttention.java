package dev.heed.nn;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;

/**
 * Additive attention (Bahdanau et al. 2015, section 3.1), which a small network with one hidden
 * layer scores:
 *
 * <pre>s_ij = v^T tanh(W q_i + U k_j), output_i = sum_j softmax(s_i)_j value_j</pre>
 *
 * <p>It needs the hidden layer of every pair, [batch, queries, keys, A], and as many tanh, where
 * {@link ScaledDotProductAttention} needs a matrix product and no memory for pairs.
 *
 * @param query W, [A, d_q]
 * @param key U, [A, d_k]
 * @param score v^T, [1, A]
 */
public record AdditiveAttention(Linear query, Linear key, Linear score) {

  /**
   * Attends.
   *
   * @param q [batch, queries, d_q]
   * @param k [batch, keys, d_k]
   * @param v [batch, keys, d_v]
   * @param mask F32, added to the scores and broadcast to [batch, queries, keys] like NumPy; a
   *     query whose keys are all hidden by -inf gives zeros
   * @return output [batch, queries, d_v] and weights F32 [batch, queries, keys], in the workspace
   * @throws IllegalArgumentException if the shapes do not fit each other
   */
  public Attended attend(
      Ops ops, Workspace ws, Tensor q, Tensor k, Tensor v, Optional<Tensor> mask) {
    Shape s = q.shape();
    long batch = s.dim(0);
    long queries = s.dim(1);
    long keys = k.shape().dim(1);
    long hidden = query.outputs();
    Tensor output = ws.tensor(DType.F32, batch, queries, v.shape().dim(2));
    Tensor weights = ws.tensor(DType.F32, batch, queries, keys);
    long mark = ws.mark();
    Tensor wq = ws.tensor(DType.F32, batch, queries, hidden);
    Tensor uk = ws.tensor(DType.F32, batch, keys, hidden);
    Tensor pairs = ws.tensor(DType.F32, batch, queries, keys, hidden);
    query.forward(ops, wq, q);
    key.forward(ops, uk, k);
    ops.run(
        new Op.Add(
            pairs, wq.reshape(batch, queries, 1, hidden), uk.reshape(batch, 1, keys, hidden)));
    ops.run(new Op.Activate(pairs, pairs, Activation.TANH));
    score.forward(ops, weights.reshape(batch, queries, keys, 1), pairs);
    ops.run(new Op.Softmax(weights, weights, 1, mask, false, false));
    ops.run(new Op.MatMul(output, weights, v, false));
    ws.release(mark);
    return new Attended(output, weights);
  }
}
