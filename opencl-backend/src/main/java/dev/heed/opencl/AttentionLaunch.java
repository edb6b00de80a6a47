package dev.heed.opencl;

import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/**
 * Launches of Attention: in register tiles on processors, where the weights come from a plain
 * kernel; in tiles of local memory on GPUs, chunks of keys side by side where there are few
 * queries.
 */
final class AttentionLaunch {
  /** What attentionflash.cl leaves: {@code mode} there. */
  private static final int WHOLE = 0;

  private static final int PARTS = 1;
  private static final int MAP = 2;

  /** Columns of heads in whose multiples kernels have room. */
  private static final int TILE = 64;

  /** Rows that share keys from which on they are lanes of vectors. */
  private static final int MANY_ROWS = 9;

  private final KernelSet kernels;
  private final RelativeBuckets buckets;
  private final OpenClBuffer scratch;
  private final Family family;

  /** Rows of a work-item, in vectors of 16, at most. */
  private final int mostVectors;

  /** Rows of a tile in local memory, at most. */
  private final int mostRows;

  AttentionLaunch(
      KernelSet kernels,
      RelativeBuckets buckets,
      Family family,
      Tuning tuning,
      OpenClBuffer scratch) {
    this.kernels = kernels;
    this.buckets = buckets;
    this.family = family;
    mostVectors = tuning.get(Tunable.LANES_VECTORS);
    mostRows = tuning.get(Tunable.FLASH_ROWS);
    this.scratch = scratch;
  }

  /** Room for the results of chunks: enough for the same op with fewer queries, too. */
  static long scratchBytes(Op.Attention op, Family family) {
    return family == Family.CPU ? 0 : FlashTiles.scratchBytes(op);
  }

  void execute(Op.Attention op) {
    if (family != Family.CPU) {
      flash(op);
    } else if (op.weights().isPresent()) {
      map(op);
    } else {
      tile(op);
    }
  }

  private void map(Op.Attention op) {
    named(Entry.ATTENTION_MAP, op).number(tiles(Math.max(keySize(op), valueSize(op))));
    Kernel kernel = arguments(kernels.get(), op);
    kernel.run(op.q().shape().dim(0) * heads(op), 1, 1);
  }

  private void tile(Op.Attention op) {
    long rows = op.seq().maxQueries() * group(op);
    if (rows < MANY_ROWS) {
      int fours = rows <= 4 ? 1 : 2;
      sized(Entry.ATTENTION_TILE, op).code(fours);
      run(op, rows, 4 * fours);
    } else {
      int vectors = (int) Math.min(mostVectors, (rows + 15) / 16);
      sized(Entry.ATTENTION_LANES, op).code(vectors);
      run(op, rows, 16 * vectors);
    }
  }

  private void run(Op.Attention op, long rows, int rowsOfItem) {
    Kernel kernel = arguments(kernels.get(), op);
    kernel.run((rows + rowsOfItem - 1) / rowsOfItem, sequences(op) * keyHeads(op), 1);
  }

  private void flash(Op.Attention op) {
    boolean parts = FlashTiles.inParts(op);
    int chunks = parts ? FlashTiles.chunks(op) : 1;
    int rowsLog = FlashTiles.rowsLog(op, mostRows);
    named(Entry.ATTENTION_FLASH, op).number(tiles(valueSize(op))).code(rowsLog);
    Kernel kernel = arguments(kernels.get(), op).buffer(scratch).arg(chunks);
    kernel.arg(parts ? PARTS : op.weights().isPresent() ? MAP : WHOLE);
    long rows = op.seq().maxQueries() * group(op);
    kernel.runGroups(((rows - 1) >> rowsLog) + 1, sequences(op) * keyHeads(op), chunks);
    if (parts) {
      merge(op, chunks);
    }
  }

  private void merge(Op.Attention op, int chunks) {
    kernels
        .of(Entry.ATTENTION_MERGE)
        .type(op.out().dtype())
        .get()
        .view(op.out())
        .arg(valueSize(op))
        .buffer(scratch)
        .vector(op.kv().lengths())
        .vector(op.seq().queryOffsets())
        .vector(op.seq().queryStart())
        .arg(Math.toIntExact(sequences(op)))
        .arg(Math.toIntExact(heads(op)))
        .arg(op.seq().maxKeys())
        .arg(op.causal())
        .arg(op.window())
        .arg(op.normalizer() == Normalizer.RELU)
        .arg(chunks)
        .runRows(op.q().shape().dim(0) * heads(op));
  }

  private static long heads(Op.Attention op) {
    return op.q().shape().dim(1);
  }

  private static long keyHeads(Op.Attention op) {
    return op.kv().keys().shape().dim(-2);
  }

  private static long group(Op.Attention op) {
    return heads(op) / keyHeads(op);
  }

  private static long sequences(Op.Attention op) {
    return op.seq().queryStart().shape().dim(0);
  }

  private KernelSet named(Entry entry, Op.Attention op) {
    return kernels
        .of(entry)
        .type(op.out().dtype())
        .type(op.q().dtype())
        .type(op.kv().keys().dtype());
  }

  /** Kernels in whose loops the sizes of heads are constants. */
  private KernelSet sized(Entry entry, Op.Attention op) {
    return named(entry, op).number(keySize(op)).number(valueSize(op));
  }

  private static int keySize(Op.Attention op) {
    return Math.toIntExact(op.q().shape().dim(2));
  }

  private static int valueSize(Op.Attention op) {
    return Math.toIntExact(op.out().shape().dim(2));
  }

  private static int tiles(int size) {
    return (size + TILE - 1) / TILE;
  }

  /** PARAMETERS of attentioncommon.cl. */
  private Kernel arguments(Kernel kernel, Op.Attention op) {
    kernel.view(op.out()).view(op.q()).view(op.kv().keys()).view(op.kv().values());
    kernel.arg(keySize(op)).arg(valueSize(op));
    keys(kernel, op);
    kernel
        .vector(op.kv().lengths())
        .vector(op.seq().queryOffsets())
        .vector(op.seq().queryStart())
        .arg(Math.toIntExact(sequences(op)))
        .arg(Math.toIntExact(op.q().shape().dim(0)))
        .arg(Math.toIntExact(heads(op)))
        .arg(Math.toIntExact(group(op)))
        .arg(op.seq().maxKeys())
        .arg(op.scale())
        .arg(op.causal())
        .arg(op.window())
        .arg(op.softCap())
        .arg(op.normalizer() == Normalizer.RELU);
    bias(kernel.arg(biasKind(op.bias())), op.bias());
    if (op.dropout().isPresent()) {
      kernel.vector(op.dropout().get().state()).arg(op.dropout().get().probability());
    } else {
      kernel.vector(Optional.empty()).arg(0f);
    }
    return kernel.view(op.weights());
  }

  /** Where the rows of keys are; pages have a size. */
  private static void keys(Kernel kernel, Op.Attention op) {
    switch (op.kv()) {
      case KeyValues.Ragged r -> kernel.vector(r.starts()).arg(0L).arg(0);
      case KeyValues.Paged p ->
          kernel
              .vector(p.blockTable())
              .arg(p.blockTable().rowStride())
              .arg(Math.toIntExact(p.kPages().shape().dim(1)));
    }
  }

  /** As attentioncommon.cl numbers them. */
  private static int biasKind(Bias bias) {
    return switch (bias) {
      case Bias.None n -> 0;
      case Bias.Dense d -> 1;
      case Bias.Relative r -> 2;
      case Bias.Alibi a -> 3;
    };
  }

  /** The bias, its strides by sequence, head and query, and T5's buckets. */
  private void bias(Kernel kernel, Bias bias) {
    switch (bias) {
      case Bias.None n -> noBuckets(strides(kernel.vector(Optional.empty()), 0, 0, 0));
      case Bias.Dense d -> {
        Tensor values = d.values();
        Shape s = values.shape();
        long perSequence = s.dim(0) == 1 ? 0 : values.rowStride();
        long perHead = s.dim(1) == 1 ? 0 : s.dim(2) * s.dim(3);
        noBuckets(strides(kernel.vector(values), perSequence, perHead, s.dim(3)));
      }
      case Bias.Relative r -> {
        Tensor of = buckets.of(r);
        strides(kernel.vector(r.table()), 0, 0, r.table().rowStride())
            .vector(of)
            .arg(RelativeBuckets.behind(r))
            .arg(Math.toIntExact(of.shape().elements() - 1));
      }
      case Bias.Alibi a -> noBuckets(strides(kernel.vector(a.slopes()), 0, 0, 0));
    }
  }

  private static Kernel strides(Kernel kernel, long sequence, long head, long query) {
    return kernel.arg(sequence).arg(head).arg(query);
  }

  private static void noBuckets(Kernel kernel) {
    kernel.vector(Optional.empty()).arg(0).arg(0);
  }
}
