package dev.heed.opencl;

import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Lays weights out as a {@link Packing} says and back, by kernels: rows go through a staging buffer
 * on the device, slice by slice.
 */
final class WeightPacker {
  /** Bytes of rows that are staged together, at least one panel. */
  private static final long SLICE = 32L << 20;

  private final OpenClDevice device;
  private final KernelSet kernels;
  private final Transfers transfers;

  WeightPacker(OpenClDevice device, KernelSet kernels, Transfers transfers) {
    this.device = device;
    this.kernels = kernels;
    this.transfers = transfers;
  }

  /** Packs a weight into a buffer of the bytes that its panels take. */
  void pack(HostWeight weight, OpenClBuffer to) {
    if (weight.shape().elements() == 0) {
      return;
    }
    Packing packing = Packing.of(device.family(), device.packedLayout(weight));
    if (weight.transposed()) {
      packTransposed(weight, packing, to);
      return;
    }
    DType type = weight.dtype();
    long n = weight.shape().dim(0);
    long k = weight.shape().dim(1);
    long rowBytes = type.bytes(k);
    long most = Math.min(n, rowsOfSlice(rowBytes));
    try (Arena arena = Arena.ofShared()) {
      OpenClBuffer staging = stage(most * rowBytes, arena);
      for (long row = 0; row < n; row += most) {
        long rows = Math.min(most, n - row);
        write(weight, row * rowBytes, rows * rowBytes, staging);
        long at = row / Packing.ROWS * packing.bytes(type, k);
        kernels
            .of(packing.pack())
            .type(type)
            .get()
            .buffer(to)
            .arg(at)
            .buffer(staging)
            .arg((int) rows)
            .arg(Math.toIntExact(k))
            .run(packing.items(type, k), Panels.count(rows), 1);
      }
    }
  }

  /** [K, N] at once: a panel's rows lie all over it. */
  private void packTransposed(HostWeight weight, Packing packing, OpenClBuffer to) {
    long n = weight.shape().dim(0);
    long k = weight.shape().dim(1);
    MemorySegment from = weight.parts().getFirst();
    try (Arena arena = Arena.ofShared()) {
      OpenClBuffer staging = stage(from.byteSize(), arena);
      transfers.write(from, 0, from.byteSize(), staging, 0);
      kernels
          .of(packing.packTransposed())
          .type(weight.dtype())
          .get()
          .buffer(to)
          .arg(0L)
          .buffer(staging)
          .arg(Math.toIntExact(n))
          .arg(Math.toIntExact(k))
          .run(packing.items(weight.dtype(), k), Panels.count(n), 1);
    }
  }

  /**
   * Copies a weight back to the host, row-major, with the bits it was packed from or rounded to.
   */
  void unpack(Tensor weight, MemorySegment host) {
    if (host.byteSize() == 0) {
      return;
    }
    Packing packing = Packing.of(device.family(), weight.layout());
    DType type = weight.dtype();
    long n = weight.shape().dim(0);
    long k = weight.shape().dim(1);
    long rowBytes = type.bytes(k);
    long most = Math.min(n, rowsOfSlice(rowBytes));
    try (Arena arena = Arena.ofShared()) {
      OpenClBuffer staging = stage(most * rowBytes, arena);
      for (long row = 0; row < n; row += most) {
        long rows = Math.min(most, n - row);
        kernels
            .of(packing.unpack())
            .type(type)
            .get()
            .buffer(staging)
            .buffer((OpenClBuffer) weight.buffer())
            .arg(row / Packing.ROWS * packing.bytes(type, k))
            .arg((int) rows)
            .arg(Math.toIntExact(k))
            .run(packing.items(type, k), Panels.count(rows), 1);
        transfers.read(staging, 0, host, row * rowBytes, rows * rowBytes);
      }
    }
  }

  private OpenClBuffer stage(long bytes, Arena arena) {
    return (OpenClBuffer) device.allocate(bytes, Usage.WORKSPACE, arena);
  }

  /** Rows of whole panels. */
  private static long rowsOfSlice(long rowBytes) {
    long panels = Math.max(1, SLICE / (rowBytes * Panels.ROWS));
    return Math.min(Integer.MAX_VALUE / Panels.ROWS, panels) * Panels.ROWS;
  }

  /** Writes bytes {@code from} to {@code from + bytes} of all parts together. */
  private void write(HostWeight weight, long from, long bytes, OpenClBuffer to) {
    long start = 0;
    for (MemorySegment part : weight.parts()) {
      long first = Math.max(from, start);
      long end = Math.min(from + bytes, start + part.byteSize());
      if (first < end) {
        transfers.write(part, first - start, end - first, to, first - from);
      }
      start += part.byteSize();
    }
  }
}
