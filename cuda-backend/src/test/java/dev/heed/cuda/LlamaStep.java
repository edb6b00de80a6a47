package dev.heed.cuda;

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

/** The ops of one token of a Llama with random BF16 weights, at the end of a full cache. */
final class LlamaStep {
  private static final Optional<Tensor> NO = Optional.empty();
  private static final float EPS = 1e-5f;

  private final GpuBenchmarks.Case memory;
  private final int hidden;
  private final int layers;
  private final int heads;
  private final int kvHeads;
  private final int size;
  private final int feedForward;
  private final int vocabulary;
  private final int context;
  private final List<Op> ops = new ArrayList<>();

  LlamaStep(GpuBenchmarks.Case memory, JsonNode shape) {
    this.memory = memory;
    hidden = shape.get("hidden").asInt();
    layers = shape.get("layers").asInt();
    heads = shape.get("heads").asInt();
    kvHeads = shape.get("kvHeads").asInt();
    size = shape.get("headSize").asInt();
    feedForward = shape.get("feedForward").asInt();
    vocabulary = shape.get("vocabulary").asInt();
    context = shape.get("context").asInt();
  }

  /** A step, from the residual stream to the id of the likeliest token. */
  List<Op> ops() {
    Tensor x = memory.filled(0.5f, 1, hidden);
    Tensor y = memory.tensor(F32, 1, hidden);
    Tensor qkv = memory.tensor(F32, 1, (heads + 2L * kvHeads) * size);
    Tensor q = memory.tensor(F32, 1, heads, size);
    Tensor mixed = memory.tensor(F32, 1, heads, size);
    Tensor wide = memory.tensor(F32, 1, feedForward);
    Optional<Tensor> norm = Optional.of(memory.filled(1, hidden));
    Tensor cosSin = memory.filled(0.7f, context, 2, size / 2);
    Tensor position = memory.ints(context - 1);
    Sequences seq = new Sequences(memory.ints(0, 1), position, 1, context);
    for (int i = 0; i < layers; i++) {
      KeyValues.Paged kv = memory.pages(1, context, kvHeads, size);
      norm(y, x, norm);
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
              position,
              false,
              kv.blockTable(),
              seq));
      attention(mixed, q, kv, seq);
      linear(x, mixed.reshape(1, (long) heads * size), Optional.of(x));
      norm(y, x, norm);
      Tensor gateUp = memory.weight(2L * feedForward, hidden);
      ops.add(new Op.GatedLinear(wide, y, gateUp, Activation.SILU));
      linear(x, wide, Optional.of(x));
    }
    norm(y, x, norm);
    Tensor logits = memory.tensor(F32, 1, vocabulary);
    linear(logits, y, NO);
    ops.add(new Op.TopK(memory.tensor(F32, 1, 1), memory.tensor(I32, 1, 1), logits));
    return ops;
  }

  private void norm(Tensor out, Tensor x, Optional<Tensor> weight) {
    ops.add(new Op.Norm(out, x, weight, NO, EPS, NormKind.RMS));
  }

  private void linear(Tensor out, Tensor x, Optional<Tensor> residual) {
    Tensor w = memory.weight(out.shape().dim(1), x.shape().dim(1));
    ops.add(new Op.Linear(out, x, w, NO, Activation.IDENTITY, residual));
  }

  private void attention(Tensor out, Tensor q, KeyValues kv, Sequences seq) {
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
