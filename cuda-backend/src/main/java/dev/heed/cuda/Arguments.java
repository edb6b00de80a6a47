package dev.heed.cuda;

import dev.heed.op.Sequences;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * The struct a kernel takes, written field by field, each aligned as C aligns it. One for each
 * queue: a launch makes no garbage.
 */
final class Arguments {
  private static final long MOST = 1024;
  private static final int MOST_ALIGNED = TensorMap.BYTES;

  /** Where a matrix [N, K] lies: WeightLayout of weights.cuh. */
  private static final int ROWS = 0;

  private static final int COLUMNS = 1;
  private static final int PANELS = 2;

  private final MemorySegment memory = Arena.ofAuto().allocate(MOST, MOST_ALIGNED);
  private long at;
  private long alignment;

  /** Begins anew with the first field. */
  Arguments start() {
    at = 0;
    alignment = 8;
    return this;
  }

  /** The struct as written so far, to its alignment. */
  MemorySegment segment() {
    align(alignment);
    return memory.asSlice(0, at);
  }

  private void align(long bytes) {
    at = (at + bytes - 1) & -bytes;
  }

  Arguments i64(long value) {
    align(8);
    memory.set(ValueLayout.JAVA_LONG, at, value);
    at += 8;
    return this;
  }

  Arguments i32(long value) {
    memory.set(ValueLayout.JAVA_INT, at, Math.toIntExact(value));
    at += 4;
    return this;
  }

  Arguments i32(boolean value) {
    return i32(value ? 1 : 0);
  }

  Arguments f32(float value) {
    memory.set(ValueLayout.JAVA_FLOAT, at, value);
    at += 4;
    return this;
  }

  /** Room for a {@code CUtensorMap}. */
  MemorySegment tensorMap() {
    alignment = TensorMap.BYTES;
    align(alignment);
    at += TensorMap.BYTES;
    return memory.asSlice(at - TensorMap.BYTES, TensorMap.BYTES);
  }

  /** The address of a tensor's first element. */
  static long address(Tensor t) {
    return t.buffer().handle().address() + t.byteOffset();
  }

  Arguments pointer(Tensor t) {
    return i64(address(t));
  }

  /** The same, or null. */
  Arguments pointer(Optional<Tensor> t) {
    return i64(t.isPresent() ? address(t.get()) : 0);
  }

  /** A tensor as vectors of its last dimension. */
  Arguments view(Tensor t) {
    Shape s = t.shape();
    long length = s.rank() == 0 ? 1 : s.dim(-1);
    boolean dense = s.rank() <= 1 || t.isDense();
    int inner = dense ? 1 : Math.toIntExact(s.rowElements() / Math.max(1, length));
    return view(address(t), dense ? length : t.rowStride(), length, Math.max(1, inner), t);
  }

  /** A tensor as vectors of one index of dimension 0 each. */
  Arguments rows(Tensor t) {
    return view(address(t), t.rowStride(), t.shape().rowElements(), 1, t);
  }

  /** The same view, or one of nothing. */
  Arguments view(Optional<Tensor> t) {
    return t.isPresent() ? view(t.get()) : i64(0).i64(0).i64(0).i32(0).i32(0);
  }

  private Arguments view(long address, long stride, long length, int inner, Tensor t) {
    return i64(address).i64(stride).i64(length).i32(inner).i32(t.dtype().ordinal());
  }

  /** A matrix [N, K] of a product or a table, or batches of one. */
  Arguments weight(Tensor w, boolean transposed) {
    Shape s = w.shape();
    boolean panels = w.layout() == Layout.DEVICE;
    if (panels) {
      view(address(w), s.dim(-1), s.dim(-1), 1, w);
    } else {
      view(w);
    }
    return i64(transposed ? s.dim(-2) : s.dim(-1))
        .i64(transposed ? s.dim(-1) : s.dim(-2))
        .i32(panels ? PANELS : transposed ? ROWS : COLUMNS)
        .i32(0);
  }

  /** Cache pages [P, pageSize, KH, D] and the table [B, blocks] that finds them. */
  Arguments pages(Tensor pages, Tensor table) {
    Shape s = pages.shape();
    return i64(address(pages))
        .i64(pages.rowStride())
        .i64(s.dim(2) * s.dim(3))
        .pointer(table)
        .i64(table.rowStride())
        .i32(table.shape().dim(1))
        .i32(s.dim(0))
        .i32(s.dim(1))
        .i32(pages.dtype().ordinal());
  }

  /** Rows [S, KH, D] without pages: the stride is that between rows. */
  Arguments unpaged(Tensor rows) {
    return i64(address(rows))
        .i64(rows.rowStride())
        .i64(rows.shape().rowElements())
        .i64(0)
        .i64(0)
        .i32(0)
        .i32(0)
        .i32(1)
        .i32(rows.dtype().ordinal());
  }

  /** Offsets and starts of a ragged batch; how many there are comes later. */
  Arguments sequences(Sequences seq) {
    return pointer(seq.queryOffsets()).pointer(seq.queryStart());
  }
}
