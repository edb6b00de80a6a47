package dev.heed.generate;

import dev.heed.device.CommandQueue;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Turns the logits of a batch's rows into log-probabilities, and picks the likeliest tokens. */
final class TokenRanking {
  private final CommandQueue queue;
  private final Ops ops;
  private final Workspace workspace;
  private final Tensor logits;
  private final Tensor mask;
  private final MemorySegment hostMask;
  private final MemorySegment host;
  private final MemorySegment hostIds;
  private final int[][] banned;
  private int maskedRows;

  /**
   * A ranking of logits.
   *
   * @param logits F32 [R, V]
   */
  TokenRanking(Ops ops, Workspace workspace, Tensor logits, Arena arena) {
    this.queue = ops.queue();
    this.ops = ops;
    this.workspace = workspace;
    this.logits = logits;
    long bytes = logits.byteSize();
    this.mask =
        Tensor.of(queue.device().allocate(bytes, Usage.STATE, arena), 0, logits.shape(), DType.F32);
    this.hostMask = arena.allocate(DType.F32.bytes(vocabulary()), Float.BYTES);
    this.host = arena.allocate(bytes, Float.BYTES);
    this.hostIds = arena.allocate(bytes, Integer.BYTES);
    this.banned = new int[(int) logits.shape().dim(0)][];
  }

  /** See {@link BatchDecoder#rank}. */
  Ranking rank(int rows, int k, int[][] bans, boolean renormalize) {
    long mark = workspace.mark();
    Tensor logProbs = workspace.tensor(DType.F32, rows, vocabulary());
    Optional<Tensor> hidden = Optional.ofNullable(bans).map(b -> mask(rows, b));
    logSoftmax(logProbs, logits.rows(0, rows), hidden.filter(m -> renormalize));
    hidden.filter(m -> !renormalize).ifPresent(m -> ops.run(new Op.Add(logProbs, logProbs, m)));
    Tensor values = workspace.tensor(DType.F32, rows, k);
    Tensor ids = workspace.tensor(DType.I32, rows, k);
    ops.run(new Op.TopK(values, ids, logProbs));
    Ranking found =
        new Ranking(k, host.asSlice(0, values.byteSize()), hostIds.asSlice(0, ids.byteSize()));
    queue.download(values, found.logProbs());
    queue.download(ids, found.ids());
    queue.synchronize();
    workspace.release(mark);
    return found;
  }

  /** F32 [rows, V]: the logarithms of the softmax of the first rows, which take their place. */
  MemorySegment logProbs(int rows) {
    logSoftmax(logits.rows(0, rows), logits.rows(0, rows), Optional.empty());
    return logits(rows);
  }

  /** F32 [rows, V]: the logits of the first rows. */
  MemorySegment logits(int rows) {
    Tensor wanted = logits.rows(0, rows);
    MemorySegment to = host.asSlice(0, wanted.byteSize());
    queue.download(wanted, to);
    queue.synchronize();
    return to;
  }

  private void logSoftmax(Tensor out, Tensor in, Optional<Tensor> hidden) {
    ops.run(new Op.Softmax(out, in, 1, hidden, false, true));
  }

  /** F32 [rows, V]: -inf where a token is banned, else 0. Only rows that change are uploaded. */
  private Tensor mask(int rows, int[][] bans) {
    for (int r = 0; r < rows; r++) {
      if (r >= maskedRows || !java.util.Arrays.equals(banned[r], bans[r])) {
        hostMask.fill((byte) 0);
        for (int id : bans[r]) {
          hostMask.setAtIndex(ValueLayout.JAVA_FLOAT, id, Float.NEGATIVE_INFINITY);
        }
        queue.upload(hostMask, mask.rows(r, 1));
        banned[r] = bans[r];
      }
    }
    maskedRows = Math.max(maskedRows, rows);
    return mask.rows(0, rows);
  }

  private int vocabulary() {
    return Math.toIntExact(logits.shape().dim(1));
  }
}
