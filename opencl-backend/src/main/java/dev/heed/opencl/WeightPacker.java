package dev.heed.opencl;

import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Lays weights out as a {@link Packing} says and back, by kernels, slice by slice. A device that
 * shares the host's memory reads rows where they are, in the mapped file; on others they go through
 * a staging buffer.
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
    if (weight.transposed()) {
      packTransposed(weight, to);
      return;
    }
    long row = 0;
    if (inPlace(weight)) {
      long rowBytes = weight.dtype().bytes(weight.shape().dim(1));
      for (MemorySegment part : weight.parts()) {
        packInPlace(weight, part, row, to);
        row += part.byteSize() / rowBytes;
      }
    } else {
      packStaged(weight, to);
    }
  }

  private Packing packing(HostWeight weight) {
    return Packing.of(device.family(), device.packedLayout(weight));
  }

  /** Whether kernels can read all parts where they are, and each begins with a panel. */
  private boolean inPlace(HostWeight weight) {
    long panelBytes = weight.dtype().bytes(weight.shape().dim(1)) * Packing.ROWS;
    List<MemorySegment> parts = weight.parts();
    return parts.stream().allMatch(this::canRead)
        && parts.subList(0, parts.size() - 1).stream()
            .allMatch(p -> p.byteSize() % panelBytes == 0);
  }

  private boolean canRead(MemorySegment rows) {
    return device.sharesHostMemory() && rows.isNative() && rows.address() % Float.BYTES == 0;
  }

  /** Packs a part of a weight, whose first row is row {@code first} of the whole. */
  private void packInPlace(HostWeight weight, MemorySegment part, long first, OpenClBuffer to) {
    long rowBytes = weight.dtype().bytes(weight.shape().dim(1));
    long n = part.byteSize() / rowBytes;
    long most = Math.min(n, rowsOfSlice(rowBytes));
    for (long row = 0; row < n; row += most) {
      long rows = Math.min(most, n - row);
      try (Arena arena = Arena.ofShared()) {
        MemorySegment slice = part.asSlice(row * rowBytes, rows * rowBytes);
        packRows(weight, device.view(slice, arena), first + row, rows, to);
      }
    }
  }

  private void packStaged(HostWeight weight, OpenClBuffer to) {
    long n = weight.shape().dim(0);
    long rowBytes = weight.dtype().bytes(weight.shape().dim(1));
    long most = Math.min(n, rowsOfSlice(rowBytes));
    try (Arena arena = Arena.ofShared()) {
      OpenClBuffer staging = stage(most * rowBytes, arena);
      for (long row = 0; row < n; row += most) {
        long rows = Math.min(most, n - row);
        write(weight, row * rowBytes, rows * rowBytes, staging);
        packRows(weight, staging, row, rows, to);
      }
    }
  }

  /** Packs rows that lie at the start of a buffer and are those of a weight from one on. */
  private void packRows(
      HostWeight weight, OpenClBuffer from, long row, long rows, OpenClBuffer to) {
    Packing packing = packing(weight);
    DType type = weight.dtype();
    long k = weight.shape().dim(1);
    kernels
        .of(packing.pack())
        .type(type)
        .get()
        .buffer(to)
        .arg(row / Packing.ROWS * packing.bytes(type, k))
        .buffer(from)
        .arg((int) rows)
        .arg(Math.toIntExact(k))
        .run(packing.items(type, k), Panels.count(rows), 1);
  }

  /** [K, N] at once: a panel's rows lie all over it. */
  private void packTransposed(HostWeight weight, OpenClBuffer to) {
    Packing packing = packing(weight);
    long n = weight.shape().dim(0);
    long k = weight.shape().dim(1);
    MemorySegment from = weight.parts().getFirst();
    try (Arena arena = Arena.ofShared()) {
      OpenClBuffer rows = canRead(from) ? device.view(from, arena) : stage(from.byteSize(), arena);
      if (!canRead(from)) {
        transfers.write(from, 0, from.byteSize(), rows, 0);
      }
      kernels
          .of(packing.packTransposed())
          .type(weight.dtype())
          .get()
          .buffer(to)
          .arg(0L)
          .buffer(rows)
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
