package dev.heed.cuda;

import dev.heed.op.Bias;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;

/**
 * How attention_mma.cu takes an attention: a pure function of the op.
 *
 * @param rows of a block: queries times heads of a group
 * @param sharedBytes of a block
 */
record FlashLaunch(Kernel kernel, int rows, int threads, int sharedBytes) {
  /** What every GPU with these tensor cores gives a block that asks for it. */
  static final int MOST_SHARED = 99 << 10;

  private static final int LARGEST_SIZE = 256;
  private static final int MOST_SEQUENCES = 65535;

  /** 16-bit types, aligned rows, and no attribute that needs every weight by itself. */
  static boolean takes(Op.Attention op) {
    Tensor q = op.q();
    DType type = q.dtype();
    return type.isHalf()
        && op.normalizer() == Normalizer.SOFTMAX
        && op.dropout().isEmpty()
        && op.weights().isEmpty()
        && op.seq().maxKeys() > 0
        && op.seq().maxQueries() > 0
        && op.seq().queryStart().shape().dim(0) <= MOST_SEQUENCES
        && size(op) <= LARGEST_SIZE
        && isAligned(q, type)
        && isAligned(op.kv().keys(), type)
        && isAligned(op.kv().values(), type);
  }

  private static boolean isAligned(Tensor t, DType type) {
    boolean rows = t.shape().dim(-1) % 8 == 0 && t.rowStride() % 8 == 0;
    return t.dtype() == type && rows && Arguments.address(t) % 16 == 0;
  }

  private static long size(Op.Attention op) {
    return Math.max(op.q().shape().dim(2), op.out().shape().dim(2));
  }

  /** Queries of the longest sequence times the heads that share a KV head. */
  static long rowsOfSequence(Op.Attention op) {
    return op.seq().maxQueries() * (op.q().shape().dim(1) / op.kv().keys().shape().dim(-2));
  }

  static FlashLaunch of(Op.Attention op) {
    int size = (int) size(op);
    int padded = size <= 64 ? 64 : size <= 96 ? 96 : size <= 128 ? 128 : LARGEST_SIZE;
    long all = rowsOfSequence(op);
    boolean few = all <= 16 || padded == LARGEST_SIZE;
    boolean biased = op.bias() != Bias.NONE;
    int rows = few ? (all <= 16 ? 16 : 32) : all <= 64 || biased ? 64 : 128;
    int split = !few ? 1 : padded == 96 || padded == LARGEST_SIZE ? 2 : 4;
    int keys = padded == LARGEST_SIZE ? 32 : 64;
    int scores = few || biased ? 4 * rows * (keys + 8) : 0;
    Kernel kernel =
        Kernel.valueOf("ATTENTION_%s_%s_%d".formatted(few ? "FEW" : "MMA", op.q().dtype(), padded));
    return new FlashLaunch(kernel, rows, rows * 2 * split, 2 * padded * (rows + 4 * keys) + scores);
  }
}
