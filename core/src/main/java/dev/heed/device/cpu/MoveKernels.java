package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Tensor;

/** Copy, Fill, Cast and Gather. */
final class MoveKernels {
  private final CopyRows copy;
  private final FillRows fill;
  private final CastRows cast;
  private final GatherRows gather;

  MoveKernels(CpuDevice device) {
    copy = new CopyRows(device);
    fill = new FillRows(device);
    cast = new CastRows(device);
    gather = new GatherRows(device);
  }

  void execute(Op.Copy op) {
    copy.execute(op);
  }

  void execute(Op.Fill op) {
    fill.execute(op);
  }

  void execute(Op.Cast op) {
    cast.execute(op);
  }

  void execute(Op.Gather op) {
    gather.execute(op);
  }

  /** Rows (indices of dimension 0) of a tensor of any type. */
  private static long rowCount(Tensor t) {
    return t.shape().rank() == 0 ? 1 : t.shape().dim(0);
  }

  private static final class CopyRows extends RowKernel {
    private static final long PIECE = 1 << 16;
    private long out;
    private long in;
    private long outStride;
    private long inStride;
    private long bytes;
    private long total;

    CopyRows(CpuDevice device) {
      super(device);
    }

    void execute(Op.Copy op) {
      Tensor to = op.out();
      DType type = to.dtype();
      out = Memory.address(to);
      in = Memory.address(op.in());
      if (to.isDense() && op.in().isDense()) {
        total = to.byteSize();
        bytes = PIECE;
        outStride = PIECE;
        inStride = PIECE;
        forRows((total + PIECE - 1) / PIECE, PIECE / 4);
        return;
      }
      bytes = type.bytes(to.shape().rowElements());
      total = Long.MAX_VALUE;
      outStride = type.bytes(to.rowStride());
      inStride = type.bytes(op.in().rowStride());
      forRows(rowCount(to), bytes / 4);
    }

    @Override
    void rows(long from, long to, int worker) {
      for (long i = from; i < to; i++) {
        long n = total == Long.MAX_VALUE ? bytes : Math.min(bytes, total - i * bytes);
        Memory.copy(out + i * outStride, in + i * inStride, n);
      }
    }
  }

  private static final class FillRows extends RowKernel {
    private final View out = new View();
    private DType type;
    private float value;

    FillRows(CpuDevice device) {
      super(device);
    }

    void execute(Op.Fill op) {
      out.of(op.out());
      type = op.out().dtype();
      value = op.value();
      forRows(out.count, out.length);
    }

    @Override
    void rows(long from, long to, int worker) {
      for (long i = from; i < to; i++) {
        long at = out.at(i);
        switch (type) {
          case F32 -> math.fill(at, value, out.length);
          case F16 -> shorts(at, Float.floatToFloat16(value));
          case BF16 -> shorts(at, Quants.floatToBFloat16(value));
          case I32 -> ints(at, (int) value);
          default -> Memory.ALL.asSlice(at, out.length).fill((byte) value);
        }
      }
    }

    private void ints(long at, int number) {
      for (long i = 0; i < out.length; i++) {
        Memory.i32(at + 4 * i, number);
      }
    }

    private void shorts(long at, short bits) {
      for (long i = 0; i < out.length; i++) {
        Memory.i16(at + 2 * i, bits);
      }
    }
  }

  private static final class CastRows extends RowKernel {
    /** Elements converted at a time where F32 is a stop on the way. */
    private static final long PIECE = 4096;

    private DType fromType;
    private DType toType;
    private long in;
    private long out;
    private long inStride;
    private long outStride;
    private long length;

    CastRows(CpuDevice device) {
      super(device);
    }

    void execute(Op.Cast op) {
      fromType = op.in().dtype();
      toType = op.out().dtype();
      in = Memory.address(op.in());
      out = Memory.address(op.out());
      inStride = fromType.bytes(op.in().rowStride());
      outStride = toType.bytes(op.out().rowStride());
      length = op.out().shape().rowElements();
      forRows(rowCount(op.out()), length);
    }

    @Override
    void rows(long from, long to, int worker) {
      for (long i = from; i < to; i++) {
        for (long e = 0; e < length; e += PIECE) {
          long n = Math.min(PIECE, length - e);
          convert(
              in + i * inStride + fromType.bytes(e),
              out + i * outStride + toType.bytes(e),
              n,
              worker);
        }
      }
    }

    private void convert(long x, long y, long n, int worker) {
      if (fromType == toType) {
        Memory.copy(y, x, toType.bytes(n));
      } else if (toType == DType.F32) {
        math.toFloat(fromType, y, x, n);
      } else if (fromType == DType.F32) {
        math.fromFloat(toType, y, x, n);
      } else {
        long between = workers.scratch(worker);
        math.toFloat(fromType, between, x, n);
        math.fromFloat(toType, y, between, n);
      }
    }
  }

  private static final class GatherRows extends RowKernel {
    private final PanelRows packed;
    private boolean panels;
    private DType type;
    private long table;
    private long tableRows;
    private long tableStride;
    private long ids;
    private long out;
    private long outStride;
    private long length;

    GatherRows(CpuDevice device) {
      super(device);
      packed = new PanelRows(device.panels().layout());
    }

    void execute(Op.Gather op) {
      type = op.table().dtype();
      panels = op.table().layout() == Layout.DEVICE;
      if (panels) {
        packed.of(op.table());
      }
      table = Memory.address(op.table());
      tableRows = op.table().shape().dim(0);
      tableStride = type.bytes(op.table().rowStride());
      ids = Memory.address(op.ids());
      out = Memory.address(op.out());
      outStride = 4 * op.out().rowStride();
      length = op.out().shape().dim(1);
      forRows(op.out().shape().dim(0), length);
    }

    @Override
    void rows(long from, long to, int worker) {
      for (long t = from; t < to; t++) {
        int id = i32(ids + 4 * t);
        long at = out + t * outStride;
        if (id < 0) {
          math.fill(at, 0, length);
        } else if (id >= tableRows) {
          throw new IndexOutOfBoundsException(
              "gather: id %d at %d is not in a table of %d rows".formatted(id, t, tableRows));
        } else if (panels) {
          packed.toFloat(id, at, math, workers.scratch(worker));
        } else if (type == DType.F32) {
          Memory.copy(at, table + id * tableStride, 4 * length);
        } else {
          math.toFloat(type, at, table + id * tableStride, length);
        }
      }
    }
  }
}
