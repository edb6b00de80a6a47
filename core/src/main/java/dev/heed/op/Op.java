package dev.heed.op;

import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The whole inventory of what a device computes. An op is data: it reads tensors and writes into
 * tensors the caller supplies.
 *
 * <p>{@link Primitive}s every device has; {@link Fused} ops a device may have, and otherwise {@link
 * Ops} runs their lowering. Shapes are exact; broadcasting happens only in Add, Mul and Softmax's
 * mask. {@code out} may equal an input for element-wise ops, Norm, Rope, Softmax and residuals; any
 * other overlap is rejected. Where a type is not named, it is F32 or a compute type of the device;
 * statistics, softmax, logits and sums are F32 always. Reduction order depends on the reduced
 * extent only: a row's bits do not depend on the other rows.
 */
public sealed interface Op {
  /** The tensors written; the first is the main result. */
  List<Tensor> outputs();

  /** The tensors read, those only read for their old contents included. */
  List<Tensor> inputs();

  /** Short name for messages: {@code matmul}. */
  default String name() {
    return getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
  }

  /** An op every device has. */
  sealed interface Primitive extends Op {}

  /** An op that a device may have, and that is otherwise a sequence of others. */
  sealed interface Fused extends Op {
    /** Whether there is a lowering; Sample has none and is run on the host instead. */
    default boolean lowers() {
      return true;
    }

    /**
     * Gives the same result as primitives (or simpler fused ops), in order.
     *
     * @param to takes each op
     * @param tmp for intermediate results, released by the caller
     */
    void lower(Consumer<Op> to, Workspace tmp);
  }

  /** What multiplies x by the rows of a weight. */
  interface Product {
    /** [.., K], of blocks where the product is asked to read rounded numbers. */
    Tensor x();

    /** The weight. */
    Tensor w();

    /** The same with another x of the same shape. */
    Op withX(Tensor other);

    /**
     * Gives the same result by way of x in F32: for devices without a kernel that reads blocks.
     *
     * @param to takes each op
     * @param tmp for x in F32, released by the caller
     */
    default void widen(Consumer<Op> to, Workspace tmp) {
      Tensor wide = tmp.tensor(DType.F32, x().shape().toArray());
      to.accept(new Cast(wide, x()));
      to.accept(withX(wide));
    }
  }

  // ---- moving
  // ------------------------------------------------------------------------------------------------------------------

  /** out = in: same shape and type, either may have gaps between rows. */
  record Copy(Tensor out, Tensor in) implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(in);
    }
  }

  /** out = value everywhere (converted to out's type; I32 takes the integer part). */
  record Fill(Tensor out, float value) implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of();
    }
  }

  /**
   * out = in in another type: any float or block type to F32, F16 or BF16 (round to nearest even),
   * I32 or I8 to F32, F32 to Q8_0; same shape.
   *
   * <p>Q8_0 as ggml rounds to it ({@code quantize_row_q8_0_ref}), all in F32: a block of 32 numbers
   * x has d = max |x| / 127, stored as F16, and the quants x (1 / d) to nearest, ties away from 0;
   * 0 where d is.
   */
  record Cast(Tensor out, Tensor in) implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(in);
    }
  }

  /**
   * out[t] = table[ids[t]]: out [T, D], table [V, D] of any weight type and layout, ids I32 [T]; a
   * negative id gives zeros.
   */
  record Gather(Tensor out, Tensor table, Tensor ids) implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(table, ids);
    }
  }

  /**
   * Writes the rows of a ragged batch into cache pages, casting: row t of sequence b goes to
   * position queryStart[b] + t - queryOffsets[b], which is row {@code position % pageSize} of page
   * {@code blockTable[b, position / pageSize]}. Rows of inert sequences are dropped.
   *
   * @param pages [P, pageSize, KH, D]
   * @param rows [T, KH, D]
   * @param blockTable I32 [B, maxBlocks]
   */
  record StoreRows(Tensor pages, Tensor rows, Tensor blockTable, Sequences seq)
      implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(pages);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(rows, blockTable, seq.queryOffsets(), seq.queryStart());
    }
  }

  // ---- element-wise
  // ------------------------------------------------------------------------------------------------------------

  /** out = a + b, broadcast like NumPy to rank 4; all F32, compute types, or all I32. */
  record Add(Tensor out, Tensor a, Tensor b) implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(a, b);
    }
  }

  /** out = a * b, broadcast like NumPy to rank 4. */
  record Mul(Tensor out, Tensor a, Tensor b) implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(a, b);
    }
  }

  /** out = outScale * fn(inScale * in), same shape. */
  record Activate(Tensor out, Tensor in, Activation fn, float inScale, float outScale)
      implements Primitive {
    /** out = fn(in). */
    public Activate(Tensor out, Tensor in, Activation fn) {
      this(out, in, fn, 1, 1);
    }

    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(in);
    }
  }

  /**
   * Dropout (Srivastava et al. 2014): out = in / (1 - p) or 0. Element e draws number e % 4 of
   * counter (e / 4 low, e / 4 high, 0) and is kept iff it is at least p.
   */
  record Dropout(Tensor out, Tensor in, Random random) implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(out, random.state());
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(in, random.state());
    }
  }

  // ---- rows
  // --------------------------------------------------------------------------------------------------------------------

  /**
   * Normalises the last dimension: out = norm(x) * weight + bias.
   *
   * @param weight F32 [D]
   * @param bias F32 [D]
   */
  record Norm(
      Tensor out,
      Tensor x,
      Optional<Tensor> weight,
      Optional<Tensor> bias,
      float eps,
      NormKind kind)
      implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return some(List.of(x), weight, bias);
    }
  }

  /**
   * Rotary position embedding (Su et al. 2021) of the first R of D elements of each head; the
   * others are copied. With c = cosSin[p, 0, m] and s = cosSin[p, 1, m] a pair (a, b) becomes (a c
   * - b s, a s + b c): pair m is elements (2m, 2m + 1) if interleaved, else (m, m + R/2).
   *
   * @param x [T, H, D]
   * @param cosSin F32 [positions, 2, R/2]
   * @param positions I32 [T]; a negative one leaves its row unrotated
   */
  record Rope(Tensor out, Tensor x, Tensor cosSin, Tensor positions, boolean interleaved)
      implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(x, cosSin, positions);
    }
  }

  /**
   * out = softmax(scale * x + mask) over the last dimension, or its logarithm.
   *
   * @param x F32 [.., Q, K]
   * @param mask F32, broadcast to x like NumPy; -inf hides; a row with nothing left gives zeros
   *     (-inf in the logarithm)
   * @param causal key j is visible to query i iff j <= i
   * @param log give log softmax
   */
  record Softmax(
      Tensor out, Tensor x, float scale, Optional<Tensor> mask, boolean causal, boolean log)
      implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return some(List.of(x), mask);
    }
  }

  /**
   * One row for each segment of rows: out [B, D], x [T, D], offsets I32 [B+1]. An empty segment
   * gives zeros.
   */
  record Pool(Tensor out, Tensor x, Tensor offsets, PoolKind kind) implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(x, offsets);
    }
  }

  /**
   * The k largest of each row, largest first; of equals the one with the lowest id first; a NaN
   * never wins over a number.
   *
   * @param values F32 [R, k]
   * @param ids I32 [R, k]
   * @param x F32 [R, V], k at most V
   */
  record TopK(Tensor values, Tensor ids, Tensor x) implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return List.of(values, ids);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(x);
    }
  }

  // ---- matrices
  // ----------------------------------------------------------------------------------------------------------------

  /**
   * out [.., M, N] = x [.., M, K] times w.
   *
   * @param x of a float type, or Q8_0 as Cast makes it (quants from -127 to 127) where w is of a
   *     block type; then out is F32
   * @param w [N, K] as checkpoints store it (then {@code transposeW}), or [K, N]; of rank 2 for all
   *     of x's batches, or with the same leading dimensions; packed only as [N, K]
   */
  record MatMul(Tensor out, Tensor x, Tensor w, boolean transposeW) implements Primitive, Product {
    @Override
    public Op withX(Tensor other) {
      return new MatMul(out, other, w, transposeW);
    }

    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(x, w);
    }
  }

  /**
   * Ragged multi-head attention: for head h, query i and key j of a sequence, s = cap(scale q_i k_j
   * + bias) with cap(s) = softCap tanh(s / softCap), then the masks, then the normaliser, then
   * dropout, then the sum of w_j v_j. Vaswani et al. 2017, equation 1. A query that sees no key
   * gives zeros.
   *
   * @param out [T, H, Dv]
   * @param q [T, H, D]
   * @param causal key j is visible iff j <= queryStart + i
   * @param window key j is visible iff j > queryStart + i - window; 0 for no window
   * @param softCap 0 for none
   * @param dropout counter (j / 4, i, b * H + h), number j % 4
   * @param weights F32 [T, H, maxKeys]: the weights before dropout, zero where hidden; written only
   *     when asked for
   */
  record Attention(
      Tensor out,
      Tensor q,
      KeyValues kv,
      Sequences seq,
      float scale,
      boolean causal,
      int window,
      float softCap,
      Bias bias,
      Normalizer normalizer,
      Optional<Random> dropout,
      Optional<Tensor> weights)
      implements Primitive {
    @Override
    public List<Tensor> outputs() {
      return some(List.of(out), weights, dropout.map(Random::state));
    }

    @Override
    public List<Tensor> inputs() {
      List<Tensor> in = new ArrayList<>(List.of(q, kv.keys(), kv.values(), kv.lengths()));
      in.add(
          switch (kv) {
            case KeyValues.Ragged r -> r.starts();
            case KeyValues.Paged p -> p.blockTable();
          });
      in.add(seq.queryOffsets());
      in.add(seq.queryStart());
      switch (bias) {
        case Bias.None n -> {}
        case Bias.Dense d -> in.add(d.values());
        case Bias.Relative r -> in.add(r.table());
        case Bias.Alibi a -> in.add(a.slopes());
      }
      dropout.ifPresent(r -> in.add(r.state()));
      return in;
    }
  }

  // ---- fused
  // -------------------------------------------------------------------------------------------------------------------

  /**
   * out = fn(x w^T + bias) + residual.
   *
   * @param out [.., N]; may equal residual
   * @param x [.., K], as of MatMul
   * @param w [N, K]
   * @param bias F32 [N]
   */
  record Linear(
      Tensor out,
      Tensor x,
      Tensor w,
      Optional<Tensor> bias,
      Activation fn,
      Optional<Tensor> residual)
      implements Fused, Product {
    @Override
    public Op withX(Tensor other) {
      return new Linear(out, other, w, bias, fn, residual);
    }

    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return some(List.of(x, w), bias, residual);
    }

    @Override
    public void lower(Consumer<Op> to, Workspace tmp) {
      Tensor y = residual.isPresent() ? tmp.tensor(out.dtype(), out.shape().toArray()) : out;
      to.accept(new MatMul(y, x, w, true));
      bias.ifPresent(b -> to.accept(new Add(y, y, b)));
      if (fn != Activation.IDENTITY) {
        to.accept(new Activate(y, y, fn));
      }
      residual.ifPresent(r -> to.accept(new Add(out, y, r)));
    }
  }

  /**
   * A gated feed-forward's first half (Shazeer 2020): out = fn(x g^T) * (x u^T) with w = [g; u].
   *
   * @param out [T, F]
   * @param x [T, K], as of MatMul
   * @param w [2F, K]
   */
  record GatedLinear(Tensor out, Tensor x, Tensor w, Activation fn) implements Fused, Product {
    @Override
    public Op withX(Tensor other) {
      return new GatedLinear(out, other, w, fn);
    }

    @Override
    public List<Tensor> outputs() {
      return List.of(out);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(x, w);
    }

    @Override
    public void lower(Consumer<Op> to, Workspace tmp) {
      long f = out.shape().dim(1);
      Tensor both = tmp.tensor(out.dtype(), out.shape().dim(0), 2 * f);
      Tensor gate = both.columns(0, f);
      to.accept(new MatMul(both, x, w, true));
      to.accept(new Activate(gate, gate, fn));
      to.accept(new Mul(out, gate, both.columns(f, f)));
    }
  }

  /**
   * sum = a + b; out = norm(sum): pre-norm keeps the sum as the residual stream, post-norm lets out
   * equal sum.
   *
   * @param out like sum
   * @param sum may equal a or b
   */
  record AddNorm(
      Tensor out,
      Tensor sum,
      Tensor a,
      Tensor b,
      Optional<Tensor> weight,
      Optional<Tensor> bias,
      float eps,
      NormKind kind)
      implements Fused {
    @Override
    public List<Tensor> outputs() {
      return out.equals(sum) ? List.of(out) : List.of(out, sum);
    }

    @Override
    public List<Tensor> inputs() {
      return some(List.of(a, b), weight, bias);
    }

    @Override
    public void lower(Consumer<Op> to, Workspace tmp) {
      to.accept(new Add(sum, a, b));
      to.accept(new Norm(out, sum, weight, bias, eps, kind));
    }
  }

  /**
   * What lies between a combined projection and attention: adds the bias, splits, normalises each
   * head of q and k (RMS, Qwen3), rotates q and k, stores k and v in the cache.
   *
   * @param q [T, H, D]
   * @param kPages [P, pageSize, KH, D]
   * @param vPages the same
   * @param qkv [T, (H + 2 KH) D]: the heads of q, then of k, then of v
   * @param bias F32 [(H + 2 KH) D]
   * @param qNorm F32 [D], with kNorm
   * @param kNorm F32 [D]
   * @param cosSin as in Rope
   * @param positions I32 [T]
   * @param blockTable I32 [B, maxBlocks]
   */
  record QkvRopeStore(
      Tensor q,
      Tensor kPages,
      Tensor vPages,
      Tensor qkv,
      Optional<Tensor> bias,
      Optional<Tensor> qNorm,
      Optional<Tensor> kNorm,
      float eps,
      Tensor cosSin,
      Tensor positions,
      boolean interleaved,
      Tensor blockTable,
      Sequences seq)
      implements Fused {
    @Override
    public List<Tensor> outputs() {
      return List.of(q, kPages, vPages);
    }

    @Override
    public List<Tensor> inputs() {
      return some(
          List.of(qkv, cosSin, positions, blockTable, seq.queryOffsets(), seq.queryStart()),
          bias,
          qNorm,
          kNorm);
    }

    @Override
    public void lower(Consumer<Op> to, Workspace tmp) {
      long t = q.shape().dim(0);
      long heads = q.shape().dim(1);
      long kvHeads = kPages.shape().dim(2);
      long d = q.shape().dim(2);
      Tensor all = bias.isPresent() ? tmp.tensor(DType.F32, qkv.shape().toArray()) : qkv;
      bias.ifPresent(b -> to.accept(new Add(all, qkv, b)));
      Tensor queries = all.columns(0, heads * d).reshape(t, heads, d);
      Tensor keys = all.columns(heads * d, kvHeads * d).reshape(t, kvHeads, d);
      Tensor values = all.columns((heads + kvHeads) * d, kvHeads * d).reshape(t, kvHeads, d);
      Tensor rotated = tmp.tensor(DType.F32, t, kvHeads, d);
      rotate(to, q, queries, qNorm);
      rotate(to, rotated, keys, kNorm);
      to.accept(new StoreRows(kPages, rotated, blockTable, seq));
      to.accept(new StoreRows(vPages, values, blockTable, seq));
    }

    private void rotate(Consumer<Op> to, Tensor out, Tensor x, Optional<Tensor> norm) {
      if (norm.isPresent()) {
        to.accept(new Norm(out, x, norm, Optional.empty(), eps, NormKind.RMS));
      }
      to.accept(new Rope(out, norm.isPresent() ? out : x, cosSin, positions, interleaved));
    }
  }

  /**
   * Draws the next token of each row, on the device. In this order: the repetition penalty (Keskar
   * et al. 2019) for ids in the row's history, temperature, top-k, top-p (Holtzman et al. 2020),
   * min-p; temperature 0 is greedy. What is left is drawn from in ascending order of ids: the first
   * id whose running sum exceeds u times the whole, u being number 0 of counter (row, 0, 0). NaN is
   * never drawn; a row whose greatest number is infinite, or that has none, gives -1.
   *
   * @param ids I32 [R]
   * @param logits F32 [R, V]
   * @param parameters F32 [R, 5]: temperature, top-k (0: all), top-p (1: all), min-p (0: all),
   *     repetition penalty (1: none)
   * @param history I32 [R, H]
   * @param historyLengths I32 [R]
   * @param state as in {@link Random}
   */
  record Sample(
      Tensor ids,
      Tensor logits,
      Tensor parameters,
      Tensor history,
      Tensor historyLengths,
      Tensor state)
      implements Fused {
    @Override
    public List<Tensor> outputs() {
      return List.of(ids, state);
    }

    @Override
    public List<Tensor> inputs() {
      return List.of(logits, parameters, history, historyLengths, state);
    }

    @Override
    public boolean lowers() {
      return false;
    }

    @Override
    public void lower(Consumer<Op> to, Workspace tmp) {
      throw new UnsupportedOperationException("sample has no lowering: the host's Sampler does it");
    }
  }

  @SafeVarargs
  private static List<Tensor> some(List<Tensor> always, Optional<Tensor>... more) {
    List<Tensor> all = new ArrayList<>(always);
    for (Optional<Tensor> t : more) {
      t.ifPresent(all::add);
    }
    return all;
  }
}
