package dev.heed.cli;

import dev.heed.CausalLm;
import dev.heed.Sampling;
import dev.heed.Seq2SeqLm;
import dev.heed.TextEncoder;
import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.Tuner.Work;
import dev.heed.model.ModelFiles;
import dev.heed.op.Activation;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.NormKind;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/** What {@code heed tune} is to be fast at: a model's own ops, or those of two common shapes. */
final class TuningWork {
  private static final int PROMPT = 256;
  private static final int NEW_TOKENS = 16;
  private static final int TEXTS = 32;
  private static final String TEXT = "the river and the bank ".repeat(6);

  /** MiniLM: 6 layers of 384, 12 heads of 32, with 1024 texts of 32 tokens in batches of 64. */
  private static final Encoder MINILM = new Encoder(64, 32, 384, 12, 1536, 16 * 6);

  /** A Llama of 1.1 B: 22 layers of 2048, 32 heads of 64 that share 4 of keys. */
  private static final Decoder LLAMA = new Decoder(2048, 32, 4, 5632, 22);

  private record Encoder(int texts, int tokens, int size, int heads, int inner, int times) {}

  private record Decoder(int size, int heads, int keyHeads, int inner, int layers) {}

  private final Operands on;
  private final List<Work> all = new ArrayList<>();

  private TuningWork(Operands on) {
    this.on = on;
  }

  /** The ops of a model that reads and writes a little; their memory lives in {@code arena}. */
  static List<Work> of(Path path, ModelOptions options, Io io, Device device, Arena arena) {
    CapturingDevice capture = new CapturingDevice(device, arena);
    switch (ModelFiles.kind(path)) {
      case ENCODER -> {
        try (TextEncoder encoder =
            options.loading(io, 0, load -> TextEncoder.load(path, capture, load))) {
          encoder.embed(Collections.nCopies(TEXTS, TEXT));
          encoder.embed("the river");
        }
      }
      case DECODER -> {
        try (CausalLm lm = options.loading(io, 0, load -> CausalLm.load(path, capture, load))) {
          int tokens = Math.min(NEW_TOKENS, lm.contextLength() / 4);
          int read = Math.min(PROMPT, lm.contextLength() - tokens);
          int[] prompt = new Random(1).ints(read, 0, lm.vocabularySize()).toArray();
          lm.generate(prompt, Sampling.greedy().maxTokens(tokens), t -> {}, Interrupt::asked);
        }
      }
      case ENCODER_DECODER -> {
        try (Seq2SeqLm lm = options.loading(io, 0, load -> Seq2SeqLm.load(path, capture, load))) {
          lm.translate(List.of(TEXT, TEXT));
        }
      }
    }
    return capture.work();
  }

  /** The ops of MiniLM and of a 1.1 B Llama, reading and writing; memory as above. */
  static List<Work> usual(Device device, Arena arena) {
    try (CommandQueue queue = device.openQueue(0, arena)) {
      TuningWork work = new TuningWork(new Operands(device, queue, arena));
      work.add(MINILM);
      work.add(LLAMA, DType.Q4_0, PROMPT, 1);
      work.add(LLAMA, DType.Q4_0, 1, NEW_TOKENS);
      work.add(LLAMA, DType.F16, 1, NEW_TOKENS);
      return work.all.stream().filter(w -> device.supports(w.op())).toList();
    }
  }

  private void add(Op op, int times) {
    all.add(new Work(op, times));
  }

  private void add(Encoder e) {
    int rows = e.texts * e.tokens;
    Tensor x = on.normal(rows, e.size);
    Tensor y = on.empty(rows, e.size);
    Tensor inner = on.normal(rows, e.inner);
    add(linear(DType.F32, on.empty(rows, 3 * e.size), x, Activation.IDENTITY, null), e.times);
    add(attention(e.texts, e.tokens, e.tokens, e.heads, e.heads, e.size / e.heads), e.times);
    add(linear(DType.F32, y, x, Activation.IDENTITY, x), e.times);
    add(linear(DType.F32, on.empty(rows, e.inner), x, Activation.GELU, null), e.times);
    add(linear(DType.F32, y, inner, Activation.IDENTITY, x), e.times);
    add(norm(y, x, NormKind.LAYER), 2 * e.times);
    Tensor ids = on.ints(IntStream.range(0, rows).map(i -> i * 7919 % 1000).toArray());
    add(new Op.Gather(y, on.normal(1000, e.size), ids), e.times / 6);
    add(new Op.Add(y, x, x), e.times / 6);
  }

  private void add(Decoder d, DType type, int rows, int times) {
    int all = times * d.layers;
    int head = d.size / d.heads;
    Tensor x = on.normal(rows, d.size);
    Tensor inner = on.normal(rows, d.inner);
    Tensor qkv = on.empty(rows, d.size + 2L * d.keyHeads * head);
    add(norm(on.empty(rows, d.size), x, NormKind.RMS), 2 * all);
    add(linear(type, qkv, x, Activation.IDENTITY, null), all);
    add(attention(1, rows, PROMPT, d.heads, d.keyHeads, head), all);
    add(linear(type, on.empty(rows, d.size), x, Activation.IDENTITY, x), all);
    Tensor both = on.weight(type, 2L * d.inner, d.size);
    add(new Op.GatedLinear(on.empty(rows, d.inner), x, both, Activation.SILU), all);
    add(linear(type, on.empty(rows, d.size), inner, Activation.IDENTITY, x), all);
  }

  private Op linear(DType type, Tensor out, Tensor x, Activation fn, Tensor residual) {
    Tensor w = on.weight(type, out.shape().dim(1), x.shape().dim(1));
    return new Op.Linear(out, x, w, Optional.empty(), fn, Optional.ofNullable(residual));
  }

  private Op norm(Tensor out, Tensor x, NormKind kind) {
    Optional<Tensor> weight = Optional.of(on.normal(x.shape().dim(1)));
    return new Op.Norm(out, x, weight, Optional.empty(), 1e-5f, kind);
  }

  /** Causal where there are fewer key heads; the queries are the last of the keys' positions. */
  private Op attention(int texts, int queries, int keys, int heads, int keyHeads, int size) {
    boolean causal = keyHeads < heads;
    int[] offsets = IntStream.rangeClosed(0, texts).map(i -> i * queries).toArray();
    int[] starts = IntStream.range(0, texts).map(i -> i * keys).toArray();
    int[] lengths = IntStream.range(0, texts).map(i -> keys).toArray();
    int[] positions = IntStream.range(0, texts).map(i -> causal ? keys - queries : 0).toArray();
    Tensor k = on.normal((long) texts * keys, keyHeads, size);
    Tensor v = on.normal((long) texts * keys, keyHeads, size);
    return new Op.Attention(
        on.empty((long) texts * queries, heads, size),
        on.normal((long) texts * queries, heads, size),
        new KeyValues.Ragged(k, v, on.ints(starts), on.ints(lengths)),
        new Sequences(on.ints(offsets), on.ints(positions), queries, keys),
        (float) (1 / Math.sqrt(size)),
        causal,
        0,
        0,
        Bias.NONE,
        Normalizer.SOFTMAX,
        Optional.empty(),
        Optional.empty());
  }
}
