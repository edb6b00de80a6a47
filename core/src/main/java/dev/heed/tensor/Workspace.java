package dev.heed.tensor;

import dev.heed.device.ComputeTypes;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceException;
import dev.heed.device.Usage;
import java.lang.foreign.Arena;
import java.util.Optional;

/**
 * All scratch of a step: one buffer, handed out from the front, taken back in the order of a stack.
 * Nothing is allocated on the device after construction. One thread at a time.
 */
public final class Workspace {
  /** Every tensor starts on such a boundary, in bytes. */
  public static final long ALIGNMENT = 256;

  private final DeviceBuffer buffer;
  private final DType compute;
  private final Optional<DType> rounding;
  private long used;
  private long peak;

  /**
   * A workspace of {@code bytes} on {@code device}, for computing in F32.
   *
   * @throws DeviceException if the device has not that much memory
   */
  public Workspace(Device device, long bytes, Arena owner) {
    this(device, bytes, owner, DType.F32);
  }

  /**
   * A workspace of {@code bytes} on {@code device}.
   *
   * @param compute a compute type of the device, which is that of {@link #activations}; or Q8_0,
   *     whose activations are F32 but rounded for products with weights of block types
   * @throws DeviceException if the device has not that much memory
   */
  public Workspace(Device device, long bytes, Arena owner, DType compute) {
    this.compute = ComputeTypes.activations(compute);
    this.rounding = compute == this.compute ? Optional.empty() : Optional.of(compute);
    this.buffer = device.allocate(align(Math.max(bytes, 1)), Usage.WORKSPACE, owner);
  }

  /**
   * A dense tensor with undefined contents, valid until the mark before it is released.
   *
   * @throws DeviceException if the workspace is too small, which the memory plan rules out
   */
  public Tensor tensor(DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    long start = start(dtype);
    long end = Math.addExact(start, align(dtype.bytes(shape.elements())));
    if (end > buffer.byteSize()) {
      throw new DeviceException.OutOfMemory(
          "workspace: %s %s wants %d bytes, %d of %d are free"
              .formatted(dtype, shape, end - used, buffer.byteSize() - used, buffer.byteSize()));
    }
    Tensor t = Tensor.of(buffer, start / dtype.blockBytes() * dtype.blockSize(), shape, dtype);
    used = end;
    peak = Math.max(peak, used);
    return t;
  }

  /**
   * The next boundary that is a whole number of elements from the buffer's start: every one for
   * plain types, one in 17 for Q8_0's blocks of 34 bytes.
   */
  private long start(DType dtype) {
    long start = used;
    while (start % dtype.blockBytes() != 0) {
      start += ALIGNMENT;
    }
    return start;
  }

  /** A dense {@link #tensor} of the compute type: what products and attention read. */
  public Tensor activations(long... dims) {
    return tensor(compute, dims);
  }

  /** The type of activations, and of caches. */
  public DType compute() {
    return compute;
  }

  /** What products with weights of block types have their activations rounded to, if anything. */
  public Optional<DType> rounding() {
    return rounding;
  }

  /** The present height of the stack, for {@link #release}. */
  public long mark() {
    return used;
  }

  /** Takes back all that was handed out since {@code mark}. */
  public void release(long mark) {
    used = mark;
  }

  /** The most bytes ever in use at once. */
  public long peak() {
    return peak;
  }

  private static long align(long bytes) {
    return Math.addExact(bytes, ALIGNMENT - 1) & -ALIGNMENT;
  }
}
