package dev.heed.cuda;

import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.tensor.Shape;

/** Launches of attention and sampling, which want scratch. */
final class Attentions {
  /** Dynamic, of a block: what every GPU has without asking, beside the scores. */
  private static final long SHARED_BYTES = 36 << 10;

  private final Launches launches;
  private final long scratch;
  private final boolean tensorCores;

  /**
   * Launches.
   *
   * @param scratch address of the queue's scratch
   * @param tensorCores use them for 16-bit types
   */
  Attentions(Launches launches, long scratch, boolean tensorCores) {
    this.launches = launches;
    this.scratch = scratch;
    this.tensorCores = tensorCores;
  }

  void execute(Op.Attention op) {
    long tokens = op.q().shape().dim(0);
    long heads = op.q().shape().dim(1);
    long chunks = Scratch.chunks(op);
    arguments(op, chunks > 1 ? scratch : 0);
    if (tensorCores && FlashLaunch.takes(op)) {
      flash(op, chunks);
    } else {
      plain(op, chunks);
    }
    if (chunks > 1) {
      arguments(op, scratch);
      Kernel combine = Kernel.COMBINE_ATTENTION;
      launches.launch(combine, tokens, heads, 1, combine.threads(), 0);
    }
    op.dropout().ifPresent(d -> launches.advance(d.state()));
  }

  /** Heads that share a KV head go to a block together, as far as its shared memory goes. */
  private void plain(Op.Attention op, long chunks) {
    long kvHeads = op.kv().keys().shape().dim(-2);
    long group = op.q().shape().dim(1) / kvHeads;
    long headBytes = 4 * (op.q().shape().dim(2) + op.out().shape().dim(2));
    boolean eight = group > 4 && 8 * headBytes <= SHARED_BYTES;
    boolean four = group > 1 && 4 * headBytes <= SHARED_BYTES;
    int heads = eight ? 8 : four ? 4 : 1;
    Kernel kernel = Kernel.valueOf("ATTENTION_" + heads);
    long parts = kvHeads * Math.ceilDiv(group, heads);
    long tokens = op.q().shape().dim(0);
    launches.launch(kernel, tokens, parts, chunks, kernel.threads(), heads * headBytes);
  }

  private void flash(Op.Attention op, long chunks) {
    FlashLaunch l = FlashLaunch.of(op);
    long tiles = Math.ceilDiv(FlashLaunch.rowsOfSequence(op), l.rows());
    long sequences = op.seq().queryStart().shape().dim(0);
    long kvHeads = op.kv().keys().shape().dim(-2);
    launches.launch(l.kernel(), tiles * chunks, kvHeads, sequences, l.threads(), l.sharedBytes());
  }

  private void arguments(Op.Attention op, long parts) {
    Arguments a = launches.arguments().view(op.out()).view(op.q());
    switch (op.kv()) {
      case KeyValues.Ragged r -> a.unpaged(r.k()).unpaged(r.v()).pointer(r.starts());
      case KeyValues.Paged p ->
          a.pages(p.kPages(), p.blockTable()).pages(p.vPages(), p.blockTable()).i64(0);
    }
    a.pointer(op.kv().lengths()).sequences(op.seq());
    switch (op.bias()) {
      case Bias.None n -> a.i64(0);
      case Bias.Dense d -> a.pointer(d.values());
      case Bias.Relative r -> a.pointer(r.table());
      case Bias.Alibi l -> a.pointer(l.slopes());
    }
    a.pointer(op.weights()).i64(op.dropout().isPresent() ? state(op) : 0).i64(parts);
    biasStrides(a, op.bias());
    a.i64(op.weights().isPresent() ? op.weights().get().rowStride() : 0);
    sizes(a, op);
    attributes(a, op);
  }

  private static long state(Op.Attention op) {
    return Arguments.address(op.dropout().get().state());
  }

  private static void biasStrides(Arguments a, Bias bias) {
    switch (bias) {
      case Bias.Dense d -> {
        Shape s = d.values().shape();
        a.i64(s.dim(0) == 1 ? 0 : d.values().rowStride())
            .i64(s.dim(1) == 1 ? 0 : s.dim(2) * s.dim(3))
            .i64(s.dim(3));
      }
      case Bias.Relative r -> a.i64(0).i64(0).i64(r.table().rowStride());
      default -> a.i64(0).i64(0).i64(0);
    }
  }

  private static void sizes(Arguments a, Op.Attention op) {
    a.i32(op.seq().queryStart().shape().dim(0))
        .i32(op.q().shape().dim(1))
        .i32(op.kv().keys().shape().dim(-2))
        .i32(op.q().shape().dim(2))
        .i32(op.out().shape().dim(2))
        .i32(op.seq().maxKeys());
  }

  private static void attributes(Arguments a, Op.Attention op) {
    a.i32(op.causal()).i32(op.window()).i32(op.normalizer() == Normalizer.RELU);
    switch (op.bias()) {
      case Bias.None n -> a.i32(0).i32(0).i32(0).i32(0);
      case Bias.Dense d -> a.i32(1).i32(0).i32(0).i32(0);
      case Bias.Relative r ->
          a.i32(2).i32(r.table().shape().dim(0)).i32(r.bidirectional()).i32(r.maxDistance());
      case Bias.Alibi l -> a.i32(3).i32(0).i32(0).i32(0);
    }
    a.f32(op.scale())
        .f32(op.softCap())
        .f32(op.dropout().isPresent() ? op.dropout().get().probability() : 0);
  }

  void execute(Op.Sample op) {
    launches
        .arguments()
        .i64(scratch)
        .rows(op.ids())
        .view(op.logits())
        .view(op.parameters())
        .view(op.history())
        .rows(op.historyLengths())
        .pointer(op.state());
    launches.launch(Kernel.SAMPLE, op.logits().shape().dim(0), 1, 1, Kernel.SAMPLE.threads(), 0);
    launches.advance(op.state());
  }
}
