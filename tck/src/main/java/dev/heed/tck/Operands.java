package dev.heed.tck;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.LongPredicate;

/**
 * The tensors of a case, on the device and as the host knows them. Each lies in a buffer of its own
 * between guards; guards, gaps between rows and outputs not yet written hold bytes 0xFF, a NaN in
 * every float type.
 */
public final class Operands {
  private static final byte POISON = (byte) 0xFF;

  /** Elements before and behind a tensor. */
  private static final long GUARD = 64;

  private final Device device;
  private final CommandQueue queue;
  private final Arena arena;
  private final long misalignment;
  private final List<Operand> all = new ArrayList<>();
  private final Map<DeviceBuffer, MemorySegment> packed = new IdentityHashMap<>();
  private Random random;

  private record Operand(Tensor whole, Tensor tensor, Source source, MemorySegment image) {}

  /** Dense row-major contents. */
  @FunctionalInterface
  interface Source {
    MemorySegment bytes(Random random);
  }

  /**
   * Operands on a device.
   *
   * @param misalignment elements by which tensors start off a boundary
   */
  public Operands(Device device, CommandQueue queue, Arena arena, long seed, long misalignment) {
    this.device = device;
    this.queue = queue;
    this.arena = arena;
    this.misalignment = misalignment;
    this.random = new Random(seed);
  }

  /** N(0, 1), rounded to the type; block types hold such numbers or, the K types, random blocks. */
  public Tensor normal(DType dtype, long... dims) {
    return gapped(0, dtype, dims);
  }

  /** The same with {@code gap} poisoned elements between the rows. */
  public Tensor gapped(long gap, DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    return add(dtype, shape, gap, r -> Numbers.normal(r, dtype, shape.elements()));
  }

  /** N(0, 1) in the rows of {@code rowElements} elements that are valid, NaN in the others. */
  public Tensor normalRows(DType dtype, long rowElements, LongPredicate valid, long... dims) {
    Shape shape = Shape.of(dims);
    return add(
        dtype,
        shape,
        0,
        r -> {
          MemorySegment bytes = Numbers.normal(r, dtype, shape.elements());
          long row = dtype.bytes(rowElements);
          for (long i = 0; i * row < bytes.byteSize(); i++) {
            if (!valid.test(i)) {
              bytes.asSlice(i * row, row).fill(POISON);
            }
          }
          return bytes;
        });
  }

  /** Given values, rounded to the type, the same in every run. */
  public Tensor floats(DType dtype, Shape shape, double... values) {
    return add(dtype, shape, 0, r -> Numbers.of(dtype, values));
  }

  /** A vector of I32. */
  public Tensor ints(int... values) {
    return intsOf(Shape.of(values.length), values);
  }

  /** I32 of any shape. */
  public Tensor intsOf(Shape shape, int... values) {
    return add(DType.I32, shape, 0, r -> MemorySegment.ofArray(values.clone()));
  }

  /** Given bytes of any type. */
  public Tensor bytes(DType dtype, Shape shape, MemorySegment values) {
    return add(dtype, shape, 0, r -> values);
  }

  /** An output: poisoned. */
  public Tensor out(DType dtype, long... dims) {
    return outGapped(0, dtype, dims);
  }

  /** An output with {@code gap} guarded elements between the rows. */
  public Tensor outGapped(long gap, DType dtype, long... dims) {
    return add(dtype, Shape.of(dims), gap, null);
  }

  /** N(0, 1) or random blocks [n, k], in the device's own layout. */
  public Tensor packed(DType dtype, Use use, long n, long k) {
    MemorySegment bytes = host(dtype, n * k);
    return packed(new HostWeight("weight", List.of(bytes), Shape.of(n, k), dtype, false, use));
  }

  /** N(0, 1) or random blocks on the host, as a part of a weight. */
  public MemorySegment host(DType dtype, long elements) {
    return own(Numbers.normal(random, dtype, elements));
  }

  /** A given weight in the device's own layout. */
  public Tensor packed(HostWeight weight) {
    Tensor t = device.pack(weight, queue, arena);
    packed.put(t.buffer(), Numbers.logical(weight));
    return t;
  }

  /** Numbers off the heap, as a mapped checkpoint is. */
  private MemorySegment own(MemorySegment bytes) {
    return arena
        .allocate(Math.max(bytes.byteSize(), 1), 64)
        .copyFrom(bytes)
        .asSlice(0, bytes.byteSize());
  }

  private Tensor add(DType dtype, Shape shape, long gap, Source source) {
    long guard = GUARD * dtype.blockSize() + (dtype.isBlock() ? 0 : misalignment);
    long stride = shape.rowElements() + gap;
    long rows = shape.rank() == 0 ? 1 : shape.dim(0);
    long bytes = dtype.bytes(2 * guard + Math.max(rows, 1) * stride);
    DeviceBuffer buffer = device.allocate(bytes, Usage.STATE, arena);
    Tensor tensor = new Tensor(buffer, guard, shape, stride, dtype, Layout.ROW_MAJOR);
    Tensor whole = Tensor.of(buffer, 0, Shape.of(bytes), DType.I8);
    Operand operand = new Operand(whole, tensor, source, arena.allocate(bytes, 64));
    all.add(operand);
    draw(operand);
    return tensor;
  }

  private void draw(Operand o) {
    o.image.fill(POISON);
    if (o.source != null) {
      Numbers.scatter(o.source.bytes(random), o.image, o.tensor);
    }
    queue.upload(o.image, o.whole);
  }

  /** Draws new random contents for every tensor that is not packed. */
  public void refill(long seed) {
    random = new Random(seed);
    all.forEach(this::draw);
    queue.synchronize(); // other queues will read them
  }

  /** Puts the contents back that were last drawn. */
  public void restore() {
    all.forEach(o -> queue.upload(o.image, o.whole));
    queue.synchronize();
  }

  /** Fills every tensor of a float type with NaN, on the device only. */
  public void poison() {
    for (Operand o : all) {
      if (o.tensor.dtype().isFloat()) {
        MemorySegment poison = arena.allocate(o.image.byteSize());
        queue.upload(poison.fill(POISON), o.whole);
      }
    }
    queue.synchronize();
  }

  /** What a tensor held before the op. */
  public double[] read(Tensor t) {
    if (packed.containsKey(t.buffer())) {
      return Numbers.decode(t.dtype(), packed.get(t.buffer()));
    }
    return Numbers.read(t, image(t));
  }

  /** The image of the buffer that {@code t} lies in. */
  private MemorySegment image(Tensor t) {
    return all.stream()
        .filter(o -> o.tensor.buffer() == t.buffer())
        .findFirst()
        .orElseThrow()
        .image;
  }

  /** All buffers as they are on the device now. */
  public Snapshot snapshot() {
    Map<DeviceBuffer, MemorySegment> images = new IdentityHashMap<>();
    for (Operand o : all) {
      MemorySegment host = Arena.ofAuto().allocate(o.image.byteSize(), 64);
      queue.download(o.whole, host);
      images.put(o.tensor.buffer(), host);
    }
    queue.synchronize();
    return new Snapshot(images);
  }

  /** The last drawn contents, as a snapshot. */
  public Snapshot before() {
    Map<DeviceBuffer, MemorySegment> images = new IdentityHashMap<>();
    all.forEach(o -> images.put(o.tensor.buffer(), o.image));
    return new Snapshot(images);
  }

  /** Elements of every operand together, for sizing scratch. */
  public long bytes() {
    return all.stream().mapToLong(o -> o.image.byteSize()).sum();
  }

  /** What every buffer held at one time. */
  public record Snapshot(Map<DeviceBuffer, MemorySegment> images) {
    /** The elements of a tensor. */
    public double[] read(Tensor t) {
      return Numbers.read(t, images.get(t.buffer()));
    }

    /** True if every byte is the same. */
    public boolean sameAs(Snapshot other) {
      return images.keySet().stream()
          .allMatch(b -> images.get(b).mismatch(other.images.get(b)) == -1);
    }

    /**
     * The first byte that changed outside {@code written}, as {@code byte 12 of the buffer of F32
     * [3]}; empty if none did.
     */
    public String changedOutside(List<Tensor> written, Snapshot before) {
      for (DeviceBuffer b : images.keySet()) {
        byte[] was = before.images.get(b).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        byte[] is = images.get(b).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        List<Tensor> here = written.stream().filter(t -> t.buffer() == b).toList();
        here.forEach(t -> Numbers.forget(t, was, is));
        int at = Arrays.mismatch(was, is);
        if (at >= 0) {
          return here.isEmpty()
              ? "byte %d of an input of %d bytes".formatted(at, was.length)
              : "byte %d of the buffer of %d bytes around %s".formatted(at, was.length, here);
        }
      }
      return "";
    }
  }
}
