package dev.heed.cli;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;

/** Makes the tensors that a measured op works on: random normal numbers, never zeros. */
final class Operands {
  private static final int SEED = 7;

  /** Bytes of the scales within a block that has no writer; both are F16. */
  private static final float SCALE = 0.01f;

  private final Device device;
  private final CommandQueue queue;
  private final Arena arena;
  private final SplittableRandom random = new SplittableRandom(SEED);

  Operands(Device device, CommandQueue queue, Arena arena) {
    this.device = device;
    this.queue = queue;
    this.arena = arena;
  }

  /** A result: F32, undefined contents. */
  Tensor empty(long... dims) {
    Shape shape = Shape.of(dims);
    return Tensor.of(
        device.allocate(DType.F32.bytes(shape.elements()), Usage.WORKSPACE, arena),
        0,
        shape,
        DType.F32);
  }

  /** Random normal F32. */
  Tensor normal(long... dims) {
    Tensor t = empty(dims);
    try (Arena staging = Arena.ofShared()) {
      queue.upload(normals(t.shape().elements(), staging), t);
      queue.synchronize();
    }
    return t;
  }

  /** I32 of these values. */
  Tensor ints(int... values) {
    Tensor t =
        Tensor.of(
            device.allocate(DType.I32.bytes(values.length), Usage.STATE, arena),
            0,
            Shape.of(values.length),
            DType.I32);
    try (Arena staging = Arena.ofShared()) {
      queue.upload(staging.allocateFrom(ValueLayout.JAVA_INT, values), t);
      queue.synchronize();
    }
    return t;
  }

  /** A packed weight [n, k] of this type. */
  Tensor weight(DType type, long n, long k) {
    try (Arena staging = Arena.ofShared()) {
      MemorySegment data = staging.allocate(type.bytes(n * k), 64);
      if (Quants.canQuantize(type)) {
        Quants.quantize(type, normals(n * k, staging), 0, data, 0, n * k);
      } else {
        blocks(type, data);
      }
      Shape shape = Shape.of(n, k);
      Tensor packed =
          device.pack(
              new HostWeight("weight", List.of(data), shape, type, false, Use.MATRIX),
              queue,
              arena);
      queue.synchronize();
      return packed;
    }
  }

  private MemorySegment normals(long elements, Arena staging) {
    MemorySegment data = staging.allocate(DType.F32.bytes(elements), 64);
    for (long i = 0; i < elements; i++) {
      data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    return data;
  }

  /** Random blocks of a K type, with sane scales: two at the front, or Q6_K's one at the end. */
  private void blocks(DType type, MemorySegment data) {
    for (long i = 0; i < data.byteSize(); i++) {
      data.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
    }
    short scale = Float.floatToFloat16(SCALE);
    for (long at = 0; at < data.byteSize(); at += type.blockBytes()) {
      long first = type == DType.Q6_K ? at + type.blockBytes() - Short.BYTES : at;
      data.set(ValueLayout.JAVA_SHORT_UNALIGNED, first, scale);
      if (type != DType.Q6_K) {
        data.set(ValueLayout.JAVA_SHORT_UNALIGNED, first + Short.BYTES, scale);
      }
    }
  }
}
