package dev.heed.cuda;

import static dev.heed.tensor.DType.BF16;
import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.op.Activation;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.NormKind;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The ops of some tokens of a Llama with random BF16 weights that computes in BF16: the last ones
 * that its cache holds.
 */
final class LlamaStep {
  private static final Optional<Tensor> NO = Optional.empty();
  private static final float EPS = 1e-5f;

  private final BenchmarkCase memory;
  private final int hidden;
  private final int layers;
  private final int heads;
  private final int kvHeads;
  private final int size;
  private final int feedForward;
  private final int vocabulary;
  private final int context;
  private final int tokens;
  private final Tensor logits;
  private final List<Op> ops = new ArrayList<>();

  /**
   * A step.
   *
   * @param tokens 1 to decode; as many as the context to read a prompt
   */
  LlamaStep(BenchmarkCase memory, JsonNode shape, int tokens) {
    this.tokens = tokens;
    this.memory = memory;
    hidden = shape.get("hidden").asInt();
    layers = shape.get("layers").asInt();
    heads = shape.get("heads").asInt();
    kvHeads = shape.get("kvHeads").asInt();
    size = shape.get("headSize").asInt();
    feedForward = shape.get("feedForward").asInt();
    vocabulary = shape.get("vocabulary").asInt();
    context = shape.get("context").asInt();
    logits = memory.tensor(F32, 1, vocabulary);
  }

  /** F32 [1, vocabulary]: the logits of the last token. */
  Tensor logits() {
    return logits;
  }

  /** A step, from ids to the id of the likeliest next token. */
  List<Op> ops() {
    Tensor x = memory.tensor(F32, tokens, hidden);
    ops.add(
        new Op.Gather(x, memory.normal(BF16, vocabulary, hidden), memory.ints(new int[tokens])));
    Tensor y = memory.tensor(BF16, tokens, hidden);
    Tensor mixed = memory.tensor(BF16, tokens, heads, size);
    Tensor wide = memory.tensor(BF16, tokens, feedForward);
    Optional<Tensor> norm = Optional.of(memory.filled(1, hidden));
    Tensor cosSin = memory.filled(0.7f, context, 2, size / 2);
    int first = context - tokens;
    Tensor positions = memory.ints(IntStream.range(first, context).toArray());
    Sequences seq = new Sequences(memory.ints(0, tokens), memory.ints(first), tokens, context);
    for (int i = 0; i < layers; i++) {
      norm(y, x, norm);
      attention(mixed, y, cosSin, positions, seq);
      linear(x, mixed.reshape(tokens, (long) heads * size), Optional.of(x));
      norm(y, x, norm);
      Tensor gateUp = memory.weight(BF16, 2L * feedForward, hidden);
      ops.add(new Op.GatedLinear(wide, y, gateUp, Activation.SILU));
      linear(x, wide, Optional.of(x));
    }
    Tensor last = y.rows(tokens - 1, 1);
    norm(last, x.rows(tokens - 1, 1), norm);
    linear(logits, last, NO);
    ops.add(new Op.TopK(memory.tensor(F32, 1, 1), memory.tensor(I32, 1, 1), logits));
    return ops;
  }

  private void norm(Tensor out, Tensor x, Optional<Tensor> weight) {
    ops.add(new Op.Norm(out, x, weight, NO, EPS, NormKind.RMS));
  }

  private void linear(Tensor out, Tensor x, Optional<Tensor> residual) {
    Tensor w = memory.weight(BF16, out.shape().dim(1), x.shape().dim(1));
    ops.add(new Op.Linear(out, x, w, NO, Activation.IDENTITY, residual));
  }

  /** out [T, heads, size] = attention of y [T, hidden] over a cache of its own. */
  private void attention(Tensor out, Tensor y, Tensor cosSin, Tensor positions, Sequences seq) {
    Tensor qkv = memory.tensor(BF16, tokens, (heads + 2L * kvHeads) * size);
    Tensor q = memory.tensor(BF16, tokens, heads, size);
    KeyValues.Paged kv = memory.pages(1, context, kvHeads, size);
    linear(qkv, y, NO);
    ops.add(
        new Op.QkvRopeStore(
            q,
            kv.kPages(),
            kv.vPages(),
            qkv,
            NO,
            NO,
            NO,
            EPS,
            cosSin,
            positions,
            false,
            kv.blockTable(),
            seq));
    attend(out, q, kv, seq);
  }

  private void attend(Tensor out, Tensor q, KeyValues kv, Sequences seq) {
    ops.add(
        new Op.Attention(
            out,
            q,
            kv,
            seq,
            (float) (1 / Math.sqrt(size)),
            true,
            0,
            0,
            Bias.NONE,
            Normalizer.SOFTMAX,
            Optional.empty(),
            Optional.empty()));
  }
}
