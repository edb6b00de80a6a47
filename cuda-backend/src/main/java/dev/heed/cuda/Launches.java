package dev.heed.cuda;

import dev.heed.device.DeviceException;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * Turns an op into launches of kernels on a queue's stream: which kernel, its arguments, its grid.
 * All of it depends on shapes, types and alignment only, so a recording may keep it.
 */
final class Launches {
  /** Blocks of kernels whose threads take one element after the other. */
  private static final long MOST_BLOCKS = 4096;

  private static final int MOST_Y = 65535;

  private final Cu cu;
  private final Programs programs;
  private final long stream;
  private final Arguments arguments = new Arguments();
  private final LaunchShape shape = new LaunchShape();
  private final Products products;
  private final Attentions attentions;
  private final MemorySegment bits = MemorySegment.ofArray(new int[1]);

  /**
   * Launches on a stream.
   *
   * @param scratch the queue's, for kernels that want some
   */
  Launches(Cu cu, Programs programs, long stream, long scratch) {
    this.cu = cu;
    this.programs = programs;
    this.stream = stream;
    products = new Products(this, programs);
    attentions = new Attentions(this, scratch, programs.tensorCores());
  }

  /** Enqueues an op. */
  void execute(Op op) {
    switch (op) {
      case Op.Copy o -> copy(o.out(), o.in());
      case Op.Fill o -> fill(o);
      case Op.Cast o -> cast(o);
      case Op.Gather o -> gather(o);
      case Op.StoreRows o -> storeRows(o);
      case Op.Add o -> broadcast(Kernel.ADD, o.out(), o.a(), o.b());
      case Op.Mul o -> broadcast(Kernel.MUL, o.out(), o.a(), o.b());
      case Op.Activate o -> activate(o);
      case Op.Dropout o -> dropout(o);
      case Op.Norm o -> norm(o);
      case Op.AddNorm o -> addNorm(o);
      case Op.Rope o -> rope(o);
      case Op.Softmax o -> softmax(o);
      case Op.Pool o -> pool(o);
      case Op.TopK o -> topK(o);
      case Op.QkvRopeStore o -> qkvRopeStore(o);
      case Op.MatMul o -> products.execute(o);
      case Op.Linear o -> products.execute(o);
      case Op.GatedLinear o -> products.execute(o);
      case Op.Attention o -> attentions.execute(o);
      case Op.Sample o -> attentions.execute(o);
      default ->
          throw new DeviceException.Unsupported("cuda: no kernel for " + op.name() + " on " + op);
    }
  }

  /** The struct of the next launch, empty. */
  Arguments arguments() {
    return arguments.start();
  }

  /** Launches a kernel with what {@link #arguments} holds. */
  void launch(Kernel kernel, long x, long y, long z, int threads, long shared) {
    cu.launch(
        programs.function(kernel),
        shape.set(x, y, z, threads, shared),
        arguments.segment(),
        stream,
        programs.options().early());
  }

  /** Writes a tensor map behind what {@link #arguments} holds. */
  void tensorMap(TensorMap map) {
    cu.encodeTensorMap(arguments.tensorMap(), map);
  }

  /** A thread an element, or several if there are very many. */
  void launchElements(Kernel kernel, long elements) {
    int threads = kernel.threads();
    launch(kernel, Math.min(MOST_BLOCKS, (elements + threads - 1) / threads), 1, 1, threads, 0);
  }

  /** A thread eight elements: what a kernel does where they are aligned. */
  private void launchEights(Kernel kernel, long elements) {
    launchElements(kernel, (elements + 7) / 8);
  }

  /** A block of threads a row of n elements. */
  private void launchRows(Kernel kernel, long rows, long n) {
    int threads = Math.clamp((n + 31) / 32 * 32, 32, kernel.threads());
    launch(kernel, rows, 1, 1, threads, 0);
  }

  /** Adds 1 to the step of random state. */
  void advance(Tensor state) {
    arguments().pointer(state);
    launch(Kernel.ADVANCE, 1, 1, 1, Kernel.ADVANCE.threads(), 0);
  }

  private static long length(Tensor t) {
    return t.shape().rank() == 0 ? 1 : t.shape().dim(-1);
  }

  private void copy(Tensor out, Tensor in) {
    DType type = out.dtype();
    boolean dense = out.isDense() && in.isDense();
    long rows = dense ? 1 : out.shape().dim(0);
    long bytes = dense ? out.byteSize() : type.bytes(out.shape().rowElements());
    long outStride = dense ? 0 : type.bytes(out.rowStride());
    long inStride = dense ? 0 : type.bytes(in.rowStride());
    long to = Arguments.address(out);
    long from = Arguments.address(in);
    long all = to | from | bytes | outStride | inStride;
    long unit = Math.min(16, Long.lowestOneBit(all));
    arguments()
        .i64(to)
        .i64(from)
        .i64(outStride / unit)
        .i64(inStride / unit)
        .i64(rows)
        .i64(bytes / unit)
        .i32(unit);
    launchElements(Kernel.COPY, rows * (bytes / unit));
  }

  private void fill(Op.Fill op) {
    Tensor out = op.out();
    long rows = out.isDense() ? 1 : out.shape().dim(0);
    long n = out.isDense() ? out.shape().elements() : out.shape().rowElements();
    arguments()
        .pointer(out)
        .i64(out.rowStride())
        .i64(rows)
        .i64(n)
        .i32(bits(out.dtype(), op.value()))
        .i32(out.dtype().blockBytes());
    launchElements(Kernel.FILL, rows * n);
  }

  private int bits(DType type, float value) {
    switch (type) {
      case I32, I8 -> bits.set(ValueLayout.JAVA_INT, 0, (int) value);
      case F16 -> bits.set(ValueLayout.JAVA_INT, 0, Float.floatToFloat16(value));
      case BF16 -> bits.set(ValueLayout.JAVA_INT, 0, Quants.floatToBFloat16(value));
      default -> bits.set(ValueLayout.JAVA_FLOAT, 0, value);
    }
    return bits.get(ValueLayout.JAVA_INT, 0);
  }

  private void cast(Op.Cast op) {
    long elements = op.out().shape().elements();
    arguments().view(op.out()).view(op.in()).i64(elements / length(op.out()));
    if (op.out().dtype() == DType.Q8_0) {
      launchElements(Kernel.CAST_Q8_0, elements);
    } else {
      launchEights(Kernel.CAST, elements);
    }
  }

  private void gather(Op.Gather op) {
    arguments().view(op.out()).weight(op.table(), true).pointer(op.ids());
    launchRows(Kernel.GATHER, op.out().shape().dim(0), (length(op.out()) + 7) / 8);
  }

  private void storeRows(Op.StoreRows op) {
    arguments()
        .pages(op.pages(), op.blockTable())
        .rows(op.rows())
        .sequences(op.seq())
        .i32(op.seq().queryStart().shape().dim(0));
    launchRows(Kernel.STOREROWS, op.rows().shape().dim(0), op.rows().shape().rowElements());
  }

  private void broadcast(Kernel kernel, Tensor out, Tensor a, Tensor b) {
    Shape s = out.shape();
    arguments();
    operand(out, s);
    operand(a, s);
    operand(b, s);
    long rows = 1;
    for (int i = 0; i < 4; i++) {
      long extent = extent(s, i);
      arguments.i64(extent);
      rows *= i < 3 ? extent : 1;
    }
    long eights = (extent(s, 3) + 7) / 8;
    int threads = Math.clamp((eights + 31) / 32 * 32, 32, kernel.threads());
    launch(kernel, Math.ceilDiv(eights, threads), Math.min(rows, MOST_Y), 1, threads, 0);
  }

  /** Extent of dimension i of four, the last ones of the shape's. */
  private static long extent(Shape s, int i) {
    int own = i - 4 + s.rank();
    return own < 0 ? 1 : s.dim(own);
  }

  private void operand(Tensor t, Shape to) {
    Shape s = t.shape();
    arguments.pointer(t);
    for (int i = 0; i < 4; i++) {
      int own = i - 4 + s.rank();
      long step = 1;
      for (int j = Math.max(0, own) + 1; j < s.rank(); j++) {
        step *= s.dim(j);
      }
      boolean moves = own >= 0 && s.dim(own) > 1;
      arguments.i64(!moves ? 0 : own == 0 && s.rank() > 1 ? t.rowStride() : step);
    }
    arguments.i32(t.dtype().ordinal()).i32(0);
  }

  private void activate(Op.Activate op) {
    long elements = op.out().shape().elements();
    arguments()
        .view(op.out())
        .view(op.in())
        .i64(elements / length(op.out()))
        .f32(op.inScale())
        .f32(op.outScale())
        .i32(op.fn().ordinal());
    launchEights(Kernel.ACTIVATE, elements);
  }

  private void dropout(Op.Dropout op) {
    long elements = op.out().shape().elements();
    arguments()
        .view(op.out())
        .view(op.in())
        .i64(elements / length(op.out()))
        .pointer(op.random().state())
        .f32(op.random().probability());
    launchElements(Kernel.DROPOUT, elements);
    advance(op.random().state());
  }

  private void norm(Op.Norm op) {
    arguments()
        .view(op.out())
        .view(op.x())
        .view(Optional.empty())
        .view(Optional.empty())
        .pointer(op.weight())
        .pointer(op.bias())
        .f32(op.eps())
        .i32(op.kind().ordinal());
    launchRows(Kernel.NORM, op.out().shape().leading(), (length(op.out()) + 7) / 8);
  }

  private void addNorm(Op.AddNorm op) {
    arguments()
        .view(op.out())
        .view(op.sum())
        .view(op.a())
        .view(op.b())
        .pointer(op.weight())
        .pointer(op.bias())
        .f32(op.eps())
        .i32(op.kind().ordinal());
    launchRows(Kernel.NORM, op.out().shape().leading(), (length(op.out()) + 7) / 8);
  }

  private void rope(Op.Rope op) {
    Shape s = op.x().shape();
    long half = op.cosSin().shape().dim(2);
    long rows = s.dim(0) * s.dim(1);
    arguments()
        .view(op.out())
        .view(op.x())
        .pointer(op.cosSin())
        .pointer(op.positions())
        .i64(rows)
        .i32(s.dim(1))
        .i32(half)
        .i32(op.interleaved());
    launchElements(Kernel.ROPE, rows * (s.dim(2) - half));
  }

  private void softmax(Op.Softmax op) {
    Shape s = op.x().shape();
    arguments().view(op.out()).view(op.x()).pointer(op.mask());
    for (int i = 0; i < 4; i++) {
      arguments.i64(op.mask().isPresent() ? maskStep(op.mask().get(), i) : 0);
    }
    for (int i = 0; i < 4; i++) {
      arguments.i64(extent(s, 3 - i));
    }
    arguments.f32(op.scale()).i32(op.causal()).i32(op.log());
    launchRows(Kernel.SOFTMAX, s.leading(), length(op.x()));
  }

  /**
   * Elements between neighbours of a mask in dimension i from the last; 0 where it is broadcast.
   */
  private static long maskStep(Tensor m, int i) {
    Shape s = m.shape();
    if (i >= s.rank() || s.dim(-1 - i) == 1) {
      return 0;
    }
    if (i > 0 && i == s.rank() - 1) {
      return m.rowStride();
    }
    long step = 1;
    for (int j = 0; j < i; j++) {
      step *= s.dim(-1 - j);
    }
    return step;
  }

  private void pool(Op.Pool op) {
    Shape s = op.out().shape();
    arguments().view(op.out()).view(op.x()).pointer(op.offsets()).i32(op.kind().ordinal());
    int threads = Kernel.POOL.threads();
    launch(Kernel.POOL, s.dim(0), Math.ceilDiv(s.dim(1), threads), 1, threads, 0);
  }

  private void topK(Op.TopK op) {
    arguments().view(op.values()).view(op.ids()).view(op.x());
    launchRows(Kernel.TOPK, op.x().shape().dim(0), length(op.x()));
  }

  private void qkvRopeStore(Op.QkvRopeStore op) {
    Shape q = op.q().shape();
    long kvHeads = op.kPages().shape().dim(2);
    arguments()
        .view(op.q())
        .pages(op.kPages(), op.blockTable())
        .pages(op.vPages(), op.blockTable())
        .view(op.qkv())
        .pointer(op.bias())
        .pointer(op.qNorm())
        .pointer(op.kNorm())
        .pointer(op.cosSin())
        .pointer(op.positions())
        .sequences(op.seq())
        .i32(op.seq().queryStart().shape().dim(0))
        .i32(q.dim(1))
        .i32(kvHeads)
        .i32(q.dim(2))
        .i32(op.cosSin().shape().dim(2))
        .i32(op.interleaved())
        .f32(op.eps());
    Kernel kernel = Kernel.QKVROPESTORE;
    long heads = q.dim(1) + 2 * kvHeads;
    launch(kernel, q.dim(0), heads, 1, kernel.threads(), 4 * q.dim(2));
  }
}
