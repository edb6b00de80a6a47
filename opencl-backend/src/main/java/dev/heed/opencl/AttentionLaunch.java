package dev.heed.opencl;

import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/**
 * Launches of Attention: in register tiles on processors; else, and where the weights are wanted,
 * the plain kernel, which has every attribute.
 */
final class AttentionLaunch {
  private final KernelSet kernels;

  /** Whether register tiles suit the device. */
  private final boolean tiles;

  /** Rows of a tile's work-item, in fours, at most. */
  private final int mostFours;

  AttentionLaunch(KernelSet kernels, Family family, Tuning tuning) {
    this.kernels = kernels;
    mostFours = tuning.get(Tunable.TILES_FOURS);
    tiles = family == Family.CPU;
  }

  void execute(Op.Attention op) {
    boolean map = op.weights().isPresent();
    boolean paged = op.kv() instanceof KeyValues.Paged;
    long heads = op.q().shape().dim(1);
    long group = heads / op.kv().keys().shape().dim(-2);
    long rows = op.seq().maxQueries() * group;
    int fours = fours(rows);
    Entry entry =
        map
            ? paged ? Entry.ATTENTION_MAP_PAGED : Entry.ATTENTION_MAP
            : tiles
                ? paged ? Entry.ATTENTION_TILE_PAGED : Entry.ATTENTION_TILE
                : paged ? Entry.ATTENTION_PAGED : Entry.ATTENTION;
    kernels
        .of(entry)
        .type(op.out().dtype())
        .type(op.q().dtype())
        .type(op.kv().keys().dtype())
        .number(Math.toIntExact(op.q().shape().dim(2)))
        .number(Math.toIntExact(op.out().shape().dim(2)))
        .code(biasKind(op.bias()));
    boolean tiled = tiles && !map;
    if (tiled) {
      kernels.code(fours);
    }
    Kernel kernel = arguments(kernels.get(), op, heads, group);
    if (tiled) {
      long sequences = op.seq().queryStart().shape().dim(0);
      kernel.run((rows + 4 * fours - 1) / (4 * fours), sequences * (heads / group), 1);
    } else {
      kernel.run(op.q().shape().dim(0) * heads, 1, 1);
    }
  }

  /** Rows of a tile's work-item, in fours. */
  private int fours(long rows) {
    return Math.min(mostFours, rows <= 4 ? 1 : rows <= 8 ? 2 : rows <= 16 ? 4 : mostFours);
  }

  private static Kernel arguments(Kernel kernel, Op.Attention op, long heads, long group) {
    kernel.view(op.out()).view(op.q()).view(op.kv().keys()).view(op.kv().values());
    keys(kernel, op);
    kernel
        .vector(op.kv().lengths())
        .vector(op.seq().queryOffsets())
        .vector(op.seq().queryStart())
        .arg(Math.toIntExact(op.seq().queryStart().shape().dim(0)))
        .arg(Math.toIntExact(op.q().shape().dim(0)))
        .arg(Math.toIntExact(heads))
        .arg(Math.toIntExact(group))
        .arg(op.seq().maxKeys())
        .arg(op.scale())
        .arg(op.causal())
        .arg(op.window())
        .arg(op.softCap())
        .arg(op.normalizer() == Normalizer.RELU);
    bias(kernel, op.bias());
    if (op.dropout().isPresent()) {
      kernel.vector(op.dropout().get().state()).arg(op.dropout().get().probability());
    } else {
      kernel.vector(Optional.empty()).arg(0f);
    }
    return kernel.view(op.weights());
  }

  /** Where the rows of keys are. */
  private static void keys(Kernel kernel, Op.Attention op) {
    switch (op.kv()) {
      case KeyValues.Ragged r -> kernel.vector(r.starts()).arg(0L).arg(1);
      case KeyValues.Paged p ->
          kernel
              .vector(p.blockTable())
              .arg(p.blockTable().rowStride())
              .arg(Math.toIntExact(p.kPages().shape().dim(1)));
    }
  }

  /** As attention.cl numbers them. */
  private static int biasKind(Bias bias) {
    return switch (bias) {
      case Bias.None n -> 0;
      case Bias.Dense d -> 1;
      case Bias.Relative r -> 2;
      case Bias.Alibi a -> 3;
    };
  }

  /** The bias, its strides by sequence, head and query, and what T5's buckets want. */
  private static void bias(Kernel kernel, Bias bias) {
    switch (bias) {
      case Bias.None n -> strides(kernel.vector(Optional.empty()), 0, 0, 0).arg(0).arg(0).arg(0);
      case Bias.Dense d -> {
        Tensor values = d.values();
        Shape s = values.shape();
        long perSequence = s.dim(0) == 1 ? 0 : values.rowStride();
        long perHead = s.dim(1) == 1 ? 0 : s.dim(2) * s.dim(3);
        strides(kernel.vector(values), perSequence, perHead, s.dim(3)).arg(0).arg(0).arg(0);
      }
      case Bias.Relative r ->
          strides(kernel.vector(r.table()), 0, 0, r.table().rowStride())
              .arg(Math.toIntExact(r.table().shape().dim(0)))
              .arg(r.bidirectional())
              .arg(r.maxDistance());
      case Bias.Alibi a -> strides(kernel.vector(a.slopes()), 0, 0, 0).arg(0).arg(0).arg(0);
    }
  }

  private static Kernel strides(Kernel kernel, long sequence, long head, long query) {
    return kernel.arg(sequence).arg(head).arg(query);
  }
}
