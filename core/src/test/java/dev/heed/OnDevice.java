package dev.heed;

import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Weights;
import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.Usage;
import dev.heed.nn.Loader;
import dev.heed.op.Ops;
import dev.heed.op.Probe;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A device with a queue and a workspace, for tests of blocks: values in, values out. The CPU
 * device, or the one that {@code heed.device} names.
 */
public final class OnDevice implements AutoCloseable {
  private static final long WORKSPACE = 64L << 20;

  private final Device device = TestDevice.open();
  private final Arena arena = Arena.ofShared();
  private final CommandQueue queue = device.openQueue(WORKSPACE, arena);
  private final Workspace workspace;
  private final Ops ops;

  /** Opens the device, to compute in F32. */
  public OnDevice() {
    this(DType.F32);
  }

  /** Opens the device, to compute in a type that it has. */
  public OnDevice(DType compute) {
    workspace = new Workspace(device, WORKSPACE, arena, compute);
    ops = new Ops(queue, workspace);
  }

  public Ops ops() {
    return ops;
  }

  /** Ops that somebody looks on. */
  public Ops ops(Probe probe) {
    return new Ops(queue, workspace, probe);
  }

  public Workspace workspace() {
    return workspace;
  }

  public Device device() {
    return device;
  }

  public Arena arena() {
    return arena;
  }

  /** A loader of a checkpoint. */
  public Loader loader(Checkpoint checkpoint) {
    return new Loader(Weights.of(checkpoint), queue, arena, bytes -> {});
  }

  /** An F32 tensor with undefined contents. */
  public Tensor floats(long... dims) {
    return allocate(DType.F32, dims);
  }

  /** An F32 tensor with these values. */
  public Tensor floats(double[] values, long... dims) {
    Tensor t = allocate(DType.F32, dims);
    try (Arena local = Arena.ofConfined()) {
      MemorySegment host = local.allocate(t.byteSize(), Float.BYTES);
      for (int i = 0; i < values.length; i++) {
        host.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
      }
      queue.upload(host, t);
    }
    return t;
  }

  /** An I32 tensor with these values. */
  public Tensor ints(int... values) {
    Tensor t = allocate(DType.I32, values.length);
    try (Arena local = Arena.ofConfined()) {
      queue.upload(local.allocateFrom(ValueLayout.JAVA_INT, values), t);
    }
    return t;
  }

  private Tensor allocate(DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    return Tensor.of(
        device.allocate(dtype.bytes(shape.elements()), Usage.STATE, arena), 0, shape, dtype);
  }

  /** The values of an F32 tensor, when all ops before are done. */
  public double[] values(Tensor t) {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment host = local.allocate(t.byteSize(), Float.BYTES);
      queue.download(t, host);
      queue.synchronize();
      return doubles(host);
    }
  }

  /** The values of an F32 or I32 tensor of a checkpoint. */
  public static double[] values(CheckpointTensor t) {
    if (t.dtype() == DType.I32) {
      return Arrays.stream(t.data().toArray(ValueLayout.JAVA_INT_UNALIGNED))
          .asDoubleStream()
          .toArray();
    }
    return doubles(t.data());
  }

  private static double[] doubles(MemorySegment f32) {
    float[] values = f32.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  @Override
  public void close() {
    queue.close();
    arena.close();
    device.close();
  }
}
