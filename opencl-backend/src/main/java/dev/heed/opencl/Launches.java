package dev.heed.opencl;

import dev.heed.device.DeviceException;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Tensor;

/** Turns each op into launches: which kernel, its arguments, its range. */
final class Launches {
  /** Elements of a dense tensor that may be one row of a launch. */
  private static final long MOST_IN_A_ROW = 1L << 28;

  private final KernelSet kernels;
  private final Family family;
  private final OpenClBuffer scratch;
  private final BroadcastLaunch broadcast;
  private final RowLaunches rows;
  private final Products plain;
  private final Products packed;
  private final AttentionLaunch attention;

  Launches(
      KernelSet kernels,
      RelativeBuckets buckets,
      Family family,
      Tuning tuning,
      OpenClBuffer scratch) {
    this.kernels = kernels;
    this.family = family;
    this.scratch = scratch;
    broadcast = new BroadcastLaunch(kernels);
    rows = new RowLaunches(kernels);
    plain = new MatMulLaunch(kernels, tuning);
    packed =
        family == Family.CPU
            ? new PanelLaunch(kernels, tuning, scratch)
            : new GroupMatMulLaunch(kernels, family, tuning);
    attention = new AttentionLaunch(kernels, buckets, family, tuning, scratch);
  }

  void execute(Op op) {
    switch (op) {
      case Op.Copy o -> copy(o.out(), o.in());
      case Op.Fill o -> fill(o);
      case Op.Cast o -> cast(o);
      case Op.Gather o when Panels.has(o.table()) -> gatherPacked(o);
      case Op.Gather o -> gather(o);
      case Op.StoreRows o -> rows.storeRows(o);
      case Op.QkvRopeStore o -> rows.qkvRopeStore(o);
      case Op.Add o -> broadcast.add(o);
      case Op.Mul o -> broadcast.mul(o);
      case Op.Activate o -> activate(o);
      case Op.Dropout o -> dropout(o);
      case Op.Norm o -> rows.norm(o);
      case Op.AddNorm o -> rows.addNorm(o);
      case Op.Rope o -> rows.rope(o);
      case Op.Softmax o -> rows.softmax(o);
      case Op.Pool o -> rows.pool(o);
      case Op.TopK o -> rows.topK(o);
      case Op.MatMul o -> products(o.w()).matmul(o);
      case Op.Linear o -> products(o.w()).linear(o);
      case Op.GatedLinear o -> products(o.w()).gated(o);
      case Op.Attention o -> {
        attention.execute(o);
        if (o.dropout().isPresent()) {
          advance(o.dropout().get().state());
        }
      }
      case Op.Sample o -> {
        sample(o);
        advance(o.state());
      }
      default ->
          throw new DeviceException.Unsupported("opencl: no kernel for " + op.name() + ": " + op);
    }
  }

  /** The kernels for a weight: those of the GPU families take packed ones and others. */
  private Products products(Tensor w) {
    return family != Family.CPU || Panels.has(w) ? packed : plain;
  }

  /** Whether tensors of one shape may be taken as one row. */
  private static boolean flat(Tensor a, Tensor b) {
    return a.isDense()
        && b.isDense()
        && (a.shape().elements() <= MOST_IN_A_ROW || a.shape().rank() < 2);
  }

  private static long rowCount(Tensor t, boolean flat) {
    return flat || t.shape().rank() == 0 ? 1 : t.shape().dim(0);
  }

  private static long rowLength(Tensor t, boolean flat) {
    return flat ? t.shape().elements() : t.shape().rowElements();
  }

  /** Units of 4, 2 or 1 bytes: block types are whole pairs of bytes. */
  private static int unit(DType type) {
    return type.isBlock() ? 2 : type.blockBytes();
  }

  private void copy(Tensor out, Tensor in) {
    boolean flat = flat(out, in);
    DType type = out.dtype();
    int unit = unit(type);
    long n = type.bytes(rowLength(out, flat)) / unit;
    kernels
        .of(Entry.COPY)
        .code(unit)
        .get()
        .buffer((OpenClBuffer) out.buffer())
        .arg(out.byteOffset() / unit)
        .arg(1)
        .arg(flat ? 0 : type.bytes(out.rowStride()) / unit)
        .buffer((OpenClBuffer) in.buffer())
        .arg(in.byteOffset() / unit)
        .arg(1)
        .arg(flat ? 0 : type.bytes(in.rowStride()) / unit)
        .arg(n)
        .run(n, rowCount(out, flat), 1);
  }

  private void fill(Op.Fill op) {
    Tensor out = op.out();
    boolean flat = flat(out, out);
    int bits =
        switch (out.dtype()) {
          case F32 -> Float.floatToRawIntBits(op.value());
          case F16 -> Float.floatToFloat16(op.value());
          case BF16 -> Quants.floatToBFloat16(op.value());
          default -> (int) op.value();
        };
    long n = rowLength(out, flat);
    kernels
        .of(Entry.FILL)
        .code(unit(out.dtype()))
        .get()
        .rows(out, flat)
        .arg(n)
        .arg(bits)
        .run(n, rowCount(out, flat), 1);
  }

  private void cast(Op.Cast op) {
    Tensor out = op.out();
    Tensor in = op.in();
    if (in.dtype() == out.dtype()) {
      copy(out, in);
      return;
    }
    boolean flat = flat(out, in);
    long n = rowLength(out, flat);
    kernels
        .of(Entry.CAST)
        .type(out.dtype())
        .type(in.dtype())
        .get()
        .rows(out, flat)
        .rows(in, flat)
        .arg(n)
        .run(n / castUnit(in.dtype(), out.dtype()), rowCount(out, flat), 1);
  }

  /** Elements that a work-item of cast.cl converts. */
  private static int castUnit(DType from, DType to) {
    return to.isBlock() ? to.blockSize() : from.isBlock() ? 16 : 1;
  }

  private void gather(Op.Gather op) {
    DType type = op.table().dtype();
    long n = op.out().shape().dim(1);
    kernels
        .of(Entry.GATHER)
        .type(op.out().dtype())
        .type(type)
        .get()
        .view(op.out())
        .view(op.table())
        .vector(op.ids())
        .arg(n)
        .arg(Math.toIntExact(op.table().shape().dim(0)))
        .run(type.isBlock() ? n / 16 : n, op.out().shape().dim(0), 1);
  }

  private void gatherPacked(Op.Gather op) {
    long n = op.out().shape().dim(1);
    Packing packing = Packing.of(family, op.table().layout());
    kernels
        .of(packing.gather())
        .type(op.out().dtype())
        .type(op.table().dtype())
        .get()
        .view(op.out())
        .buffer((OpenClBuffer) op.table().buffer())
        .vector(op.ids())
        .arg(Math.toIntExact(n))
        .arg(Math.toIntExact(op.table().shape().dim(0)))
        .run(packing.gatherItems(op.table().dtype(), n), op.out().shape().dim(0), 1);
  }

  private void activate(Op.Activate op) {
    boolean flat = flat(op.out(), op.in());
    long n = rowLength(op.out(), flat);
    kernels
        .of(Entry.ACTIVATE)
        .type(op.out().dtype())
        .type(op.in().dtype())
        .code(op.fn().ordinal())
        .get()
        .rows(op.out(), flat)
        .rows(op.in(), flat)
        .arg(n)
        .arg(op.inScale())
        .arg(op.outScale())
        .run(n, rowCount(op.out(), flat), 1);
  }

  private void dropout(Op.Dropout op) {
    boolean flat = flat(op.out(), op.in());
    long n = rowLength(op.out(), flat);
    kernels
        .of(Entry.DROPOUT)
        .type(op.out().dtype())
        .type(op.in().dtype())
        .get()
        .rows(op.out(), flat)
        .rows(op.in(), flat)
        .vector(op.random().state())
        .arg(n)
        .arg(op.random().probability())
        .run(n, rowCount(op.out(), flat), 1);
    advance(op.random().state());
  }

  private void advance(Tensor state) {
    kernels.of(Entry.ADVANCE).get().vector(state).run(1, 1, 1);
  }

  /** A number of up to 8 bytes for each logit. */
  static long sampleScratchBytes(Op.Sample op) {
    return 8 * op.logits().shape().elements();
  }

  private void sample(Op.Sample op) {
    kernels
        .of(family == Family.CPU ? Entry.SAMPLE : Entry.SAMPLE_GROUP)
        .get()
        .buffer(scratch)
        .vector(op.ids())
        .view(op.logits())
        .view(op.parameters())
        .view(op.history())
        .vector(op.historyLengths())
        .vector(op.state())
        .arg(Math.toIntExact(op.logits().shape().dim(1)))
        .arg(Math.toIntExact(op.history().shape().dim(1)))
        .runRows(op.logits().shape().dim(0));
  }
}
