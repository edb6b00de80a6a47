package dev.heed.cuda;

import dev.heed.op.Op;

/** The private scratch of kernels: a pure function of the op. */
final class Scratch {
  /** Keys that attention takes together: CHUNK in attention.cuh. */
  private static final int CHUNK = 256;

  /** With fewer queries times heads than these, chunks of keys run side by side. */
  private static final int FEW_QUERIES = 1024;

  private Scratch() {}

  static long bytes(Op op) {
    return switch (op) {
      case Op.Attention o -> attention(o);
      case Op.Sample o -> 8 * o.logits().shape().elements();
      default -> 0;
    };
  }

  /** Enough for the same op with fewer queries, which may be the ones to split. */
  private static long attention(Op.Attention op) {
    long queries = op.q().shape().dim(0) * op.q().shape().dim(1);
    long chunks = Math.ceilDiv(op.seq().maxKeys(), CHUNK);
    return op.weights().isPresent() || chunks <= 1
        ? 0
        : 4 * Math.min(queries, FEW_QUERIES) * chunks * (2 + op.out().shape().dim(2));
  }

  /** Chunks of keys that blocks of their own take; 1: a block takes all of a query's keys. */
  static long chunks(Op.Attention op) {
    long queries = op.q().shape().dim(0) * op.q().shape().dim(1);
    long chunks = Math.ceilDiv(op.seq().maxKeys(), CHUNK);
    return op.weights().isPresent() || queries >= FEW_QUERIES ? 1 : Math.clamp(chunks, 1, 65535);
  }
}
