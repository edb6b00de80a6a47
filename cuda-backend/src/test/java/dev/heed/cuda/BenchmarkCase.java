package dev.heed.cuda;

import static dev.heed.tensor.DType.BF16;
import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.HostWeight;
import dev.heed.device.Recording;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.KeyValues;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * One benchmark's memory and queue. Plain numbers are normal ones made on the device, the same in
 * every case that asks for the same tensors in the same order.
 */
final class BenchmarkCase implements AutoCloseable {
  /** As models are initialised: sums of thousands of products stay near 1. */
  private static final float WEIGHT_DEVIATION = 0.02f;

  private static final long BLOCKS = 8 << 20;
  private static final int PAGE = 16;

  private final Device device;
  private final Arena arena = Arena.ofShared();
  private final CommandQueue staging;
  private long seed;

  /** A case on a CUDA device. */
  BenchmarkCase(Device device) {
    this.device = device;
    staging = device.openQueue(0, arena);
  }

  Tensor tensor(DType type, long... dims) {
    Shape shape = Shape.of(dims);
    long bytes = type.bytes(shape.elements());
    return Tensor.of(device.allocate(bytes, Usage.STATE, arena), 0, shape, type);
  }

  /** N(0, 1), dense. */
  Tensor normal(DType type, long... dims) {
    Tensor t = tensor(type, dims);
    random(Arguments.address(t), t.shape().elements(), type, 1);
    return t;
  }

  private void random(long address, long n, DType type, float deviation) {
    CudaQueue queue = (CudaQueue) staging;
    queue.enqueue(
        "random numbers",
        () -> {
          Arguments a = queue.launches().arguments();
          a.i64(address).i64(n).i64(seed++).f32(deviation).i32(type.ordinal());
          queue.launches().launchElements(Kernel.RANDOM, (n + 1) / 2);
        });
    staging.synchronize();
  }

  Tensor filled(float value, long... dims) {
    Tensor t = tensor(F32, dims);
    staging.execute(new Op.Fill(t, value));
    staging.synchronize();
    return t;
  }

  Tensor ints(int... values) {
    Tensor t = tensor(I32, values.length);
    staging.upload(arena.allocateFrom(ValueLayout.JAVA_INT, values), t);
    staging.synchronize();
    return t;
  }

  /** A packed weight [n, k]: normal numbers, or a few rows of blocks over and over. */
  Tensor weight(DType type, long n, long k) {
    if (type.isBlock()) {
      return blocks(type, n, k);
    }
    long bytes = Panels.bytes(type, n, k);
    DeviceBuffer buffer = device.allocate(bytes, Usage.WEIGHTS, arena);
    random(buffer.handle().address(), bytes / type.blockBytes(), type, WEIGHT_DEVIATION);
    return new Tensor(buffer, 0, Shape.of(n, k), k, type, Layout.DEVICE);
  }

  private Tensor blocks(DType type, long n, long k) {
    long rows = Math.min(n, BLOCKS / type.bytes(k));
    MemorySegment data = blocks(type, rows * type.bytes(k));
    List<MemorySegment> parts = new ArrayList<>();
    for (long at = 0; at < n; at += rows) {
      parts.add(data.asSlice(0, type.bytes(Math.min(rows, n - at) * k)));
    }
    Tensor w =
        device.pack(
            new HostWeight("w", parts, Shape.of(n, k), type, false, Use.MATRIX), staging, arena);
    staging.synchronize();
    return w;
  }

  /** Random quants behind small scales, two at a block's begin. */
  private MemorySegment blocks(DType type, long bytes) {
    MemorySegment all = arena.allocate(bytes, 64);
    Random numbers = new Random(2);
    for (long i = 0; i < bytes; i++) {
      all.set(ValueLayout.JAVA_BYTE, i, (byte) numbers.nextInt());
    }
    int scales = type == DType.Q4_K ? 2 : 1;
    for (long at = 0; at < bytes; at += type.blockBytes()) {
      for (int i = 0; i < scales; i++) {
        short scale = Float.floatToFloat16(0.01f * (1 + numbers.nextFloat()));
        all.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2 * i, scale);
      }
    }
    return all;
  }

  /** A full BF16 cache of sequences, its pages in order. */
  KeyValues.Paged pages(int sequences, int keys, int heads, int size) {
    int blocks = (keys + PAGE - 1) / PAGE;
    int[] table = new int[sequences * blocks];
    Arrays.setAll(table, i -> i);
    int[] lengths = new int[sequences];
    Arrays.fill(lengths, keys);
    return new KeyValues.Paged(
        normal(BF16, (long) sequences * blocks, PAGE, heads, size),
        normal(BF16, (long) sequences * blocks, PAGE, heads, size),
        ints(table).reshape(sequences, blocks),
        ints(lengths));
  }

  /** Every so-many-th number of a tensor in F32 or BF16, from the first. */
  float[] sample(Tensor t, int step) {
    MemorySegment host = arena.allocate(t.byteSize(), Float.BYTES);
    staging.download(t, host);
    staging.synchronize();
    float[] some = new float[Math.toIntExact((t.shape().elements() + step - 1) / step)];
    for (int i = 0; i < some.length; i++) {
      long at = (long) i * step;
      some[i] =
          t.dtype() == F32
              ? host.getAtIndex(ValueLayout.JAVA_FLOAT, at)
              : Quants.bfloat16ToFloat(host.getAtIndex(ValueLayout.JAVA_SHORT, at));
    }
    return some;
  }

  /** Milliseconds of ops, recorded: the median of replays, each with cold caches. */
  double time(List<Op> ops, int repeats) {
    long scratch = ops.stream().mapToLong(device::scratchBytes).max().orElse(0);
    Tensor cold = tensor(DType.I8, repeats > 5 ? 256 << 20 : 4096);
    try (CommandQueue queue = device.openQueue(scratch, arena);
        Recording recording = queue.record(ops)) {
      double[] times = new double[repeats];
      for (int i = -3; i < repeats; i++) {
        queue.execute(new Op.Fill(cold, 0));
        queue.synchronize();
        long start = System.nanoTime();
        recording.replay();
        queue.synchronize();
        times[Math.max(0, i)] = (System.nanoTime() - start) / 1e6;
      }
      Arrays.sort(times);
      return times[repeats / 2];
    }
  }

  @Override
  public void close() {
    staging.close();
    arena.close();
  }
}
