package dev.heed.tensor;

import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceException;
import dev.heed.device.Usage;
import java.lang.foreign.Arena;

/**
 * All scratch of a step: one buffer, handed out from the front, taken back in the order of a stack.
 * Nothing is allocated on the device after construction. One thread at a time.
 */
public final class Workspace {
  /** Every tensor starts on such a boundary, in bytes. */
  public static final long ALIGNMENT = 256;

  private final DeviceBuffer buffer;
  private final DType compute;
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
   * @param compute the type of {@link #activations}: F32 or a compute type of the device
   * @throws DeviceException if the device has not that much memory
   */
  public Workspace(Device device, long bytes, Arena owner, DType compute) {
    this.compute = compute;
    this.buffer = device.allocate(align(Math.max(bytes, 1)), Usage.WORKSPACE, owner);
  }

  /**
   * A dense tensor with undefined contents, valid until the mark before it is released.
   *
   * @throws DeviceException if the workspace is too small, which the memory plan rules out
   */
  public Tensor tensor(DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    if (dtype.isBlock()) {
      throw new IllegalArgumentException("workspace: scratch is of a plain type, not " + dtype);
    }
    long bytes = align(dtype.bytes(shape.elements()));
    if (bytes > buffer.byteSize() - used) {
      throw new DeviceException.OutOfMemory(
          "workspace: %s %s wants %d bytes, %d of %d are free"
              .formatted(dtype, shape, bytes, buffer.byteSize() - used, buffer.byteSize()));
    }
    // The alignment is a whole number of elements of every plain type.
    Tensor t = Tensor.of(buffer, used / dtype.blockBytes(), shape, dtype);
    used += bytes;
    peak = Math.max(peak, used);
    return t;
  }

  /** A dense {@link #tensor} of the compute type: what products and attention read. */
  public Tensor activations(long... dims) {
    return tensor(compute, dims);
  }

  /** The compute type. */
  public DType compute() {
    return compute;
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
