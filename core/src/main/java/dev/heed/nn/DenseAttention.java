package dev.heed.nn;

import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;

/**
 * {@link ScaledDotProductAttention} over plain dense tensors, [batch, heads, tokens, dim], as
 * textbooks and {@code torch.nn.functional.scaled_dot_product_attention} have it: {@code
 * attend(ops, ws, x, x, x)} is self-attention, keys and values of another length are another
 * sequence's, one query is a step of decoding. Models use the ragged form, which needs no padding.
 *
 * <p>It puts small index tensors on the device as it is called, so it is not for recordings.
 *
 * @param attention scale, causality, normaliser; causal as if both sequences began at position 0;
 *     its bias must be none
 * @param mask F32, added to the scores and broadcast to [batch, heads, queries, keys] like NumPy:
 *     -inf hides a key
 * @param lengths keys of each batch entry, the others being padding; empty if there is none
 */
public record DenseAttention(
    ScaledDotProductAttention attention, Optional<Tensor> mask, List<Integer> lengths) {

  /**
   * Checks the settings.
   *
   * @throws IllegalArgumentException if the attention has a bias of its own
   */
  public DenseAttention {
    lengths = List.copyOf(lengths);
    if (!attention.bias().equals(Bias.NONE)) {
      throw new IllegalArgumentException(
          "dense attention: what is added to the scores goes into the mask, not into a bias, "
              + attention.bias());
    }
  }

  /** Without mask and padding. */
  public DenseAttention(ScaledDotProductAttention attention) {
    this(attention, Optional.empty(), List.of());
  }

  /** With a mask. */
  public DenseAttention withMask(Tensor other) {
    return new DenseAttention(attention, Optional.of(other), lengths);
  }

  /** With so many keys in each batch entry, padding behind them. */
  public DenseAttention withLengths(int... keys) {
    return new DenseAttention(attention, mask, Arrays.stream(keys).boxed().toList());
  }

  /**
   * Attends.
   *
   * @param q [batch, heads, queries, d_k]
   * @param k [batch, KH, keys, d_k]; KH heads serve heads / KH consecutive heads of queries each
   * @param v [batch, KH, keys, d_v]
   * @return [batch, heads, queries, d_v], in the workspace
   * @throws IllegalArgumentException if the shapes do not fit each other
   */
  public Tensor attend(Ops ops, Workspace ws, Tensor q, Tensor k, Tensor v) {
    return attend(ops, ws, q, k, v, Optional.empty());
  }

  /** Attends, and gives the weights too: F32 [batch, heads, queries, keys], in the workspace. */
  public Attended attendWithWeights(Ops ops, Workspace ws, Tensor q, Tensor k, Tensor v) {
    check(q, k, v);
    Shape s = q.shape();
    Tensor weights = ws.tensor(DType.F32, s.dim(0), s.dim(1), s.dim(2), k.shape().dim(2));
    return new Attended(attend(ops, ws, q, k, v, Optional.of(weights)), weights);
  }

  /**
   * Each head of each batch entry is a sequence of one head: so the ragged form reads the tensors
   * as they lie.
   */
  private Tensor attend(
      Ops ops, Workspace ws, Tensor q, Tensor k, Tensor v, Optional<Tensor> weights) {
    check(q, k, v);
    Shape s = q.shape();
    int batch = (int) s.dim(0);
    int heads = (int) s.dim(1);
    int queries = (int) s.dim(2);
    int keys = (int) k.shape().dim(2);
    int sequences = batch * heads;
    int shared = heads / (int) k.shape().dim(1);
    Tensor out = ws.tensor(q.dtype(), batch, heads, queries, v.shape().dim(3));
    long mark = ws.mark();
    Tensor starts = ints(ops, ws, sequences, i -> i / shared * keys);
    Tensor lengths =
        ints(ops, ws, sequences, i -> this.lengths.isEmpty() ? keys : this.lengths.get(i / heads));
    Tensor offsets = ints(ops, ws, sequences + 1, i -> i * queries);
    Tensor zeros = ints(ops, ws, sequences, i -> 0);
    attention
        .withBias(bias(ops, ws, batch, heads, queries, keys))
        .attend(
            ops,
            oneHead(out),
            oneHead(q),
            new KeyValues.Ragged(oneHead(k), oneHead(v), starts, lengths),
            new Sequences(offsets, zeros, queries, keys),
            weights.map(DenseAttention::oneHead));
    ws.release(mark);
    return out;
  }

  private void check(Tensor q, Tensor k, Tensor v) {
    Shape a = q.shape();
    Shape b = k.shape();
    Shape c = v.shape();
    boolean fits =
        a.rank() == 4
            && b.rank() == 4
            && c.rank() == 4
            && a.dim(0) == b.dim(0)
            && b.dim(1) > 0
            && a.dim(1) % b.dim(1) == 0
            && a.dim(3) == b.dim(3)
            && c.equals(b.with(3, c.dim(3)));
    if (!fits) {
      throw new IllegalArgumentException(
          "dense attention: q %s k %s v %s: want [batch, heads, queries, d_k], [batch, heads, keys, d_k], [batch, heads, keys, d_v]"
              .formatted(a, b, c));
    }
    if (!lengths.isEmpty()
        && (lengths.size() != a.dim(0) || lengths.stream().anyMatch(n -> n < 0 || n > b.dim(2)))) {
      throw new IllegalArgumentException(
          "dense attention: lengths %s: want %d from 0 to %d"
              .formatted(lengths, a.dim(0), b.dim(2)));
    }
  }

  /** The mask as a bias of one head for each sequence, [batch heads or 1, 1, queries, keys]. */
  private Bias bias(Ops ops, Workspace ws, int batch, int heads, int queries, int keys) {
    if (mask.isEmpty()) {
      return Bias.NONE;
    }
    Tensor m = mask.get();
    boolean shared = m.shape().rank() >= 2 && m.shape().elements() == (long) queries * keys;
    if (shared && m.shape().dim(-2) == queries && m.shape().dim(-1) == keys) {
      return new Bias.Dense(m.reshape(1, 1, queries, keys));
    }
    Tensor full = ws.tensor(DType.F32, batch, heads, queries, keys);
    ops.run(new Op.Fill(full, 0));
    ops.run(new Op.Add(full, full, m));
    return new Bias.Dense(full.reshape((long) batch * heads, 1, queries, keys));
  }

  /** [batch, heads, tokens, dim] as [batch heads tokens, 1, dim]. */
  private static Tensor oneHead(Tensor x) {
    return x.reshape(x.shape().leading(), 1, x.shape().dim(-1));
  }

  private static Tensor ints(Ops ops, Workspace ws, int n, IntUnaryOperator value) {
    int[] values = new int[n];
    Arrays.setAll(values, value);
    Tensor t = ws.tensor(DType.I32, n);
    try (Arena local = Arena.ofConfined()) {
      ops.queue().upload(local.allocateFrom(ValueLayout.JAVA_INT, values), t);
    }
    return t;
  }
}
