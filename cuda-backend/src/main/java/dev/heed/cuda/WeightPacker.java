package dev.heed.cuda;

import dev.heed.device.DeviceBuffer;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Weights into panels and back, on the device: rows travel as the checkpoint has them to memory of
 * a slice's size, and a kernel sorts them.
 */
final class WeightPacker {
  private static final long SLICE = 64 << 20;

  private final CudaDevice device;
  private final CudaQueue queue;

  WeightPacker(CudaDevice device, CudaQueue queue) {
    this.device = device;
    this.queue = queue;
  }

  /** Fills the buffer with a weight in a layout. */
  Tensor pack(HostWeight weight, DeviceBuffer buffer, Layout layout) {
    Shape shape = weight.shape();
    long to = buffer.handle().address();
    if (layout == Layout.ROW_MAJOR) {
      rows(weight, to);
    } else if (shape.elements() > 0 && weight.transposed()) {
      transposed(weight, to);
    } else if (shape.elements() > 0) {
      panels(weight, to);
    }
    return new Tensor(buffer, 0, shape, shape.dim(1), weight.dtype(), layout);
  }

  private void rows(HostWeight weight, long to) {
    if (weight.transposed()) {
      try (Arena arena = Arena.ofConfined()) {
        queue.uploadBytes(transpose(weight, arena), to);
      }
      return;
    }
    long at = to;
    for (MemorySegment part : weight.parts()) {
      queue.uploadBytes(part, at);
      at += part.byteSize();
    }
  }

  /**
   * [K, N] to [N, K] on the host, element by element: for tables alone, which nobody transposes.
   */
  private static MemorySegment transpose(HostWeight weight, Arena arena) {
    long n = weight.shape().dim(0);
    long k = weight.shape().dim(1);
    int size = weight.dtype().blockBytes();
    MemorySegment from = weight.parts().getFirst();
    MemorySegment to = arena.allocate(from.byteSize());
    for (long i = 0; i < n; i++) {
      for (long j = 0; j < k; j++) {
        MemorySegment.copy(from, (j * n + i) * size, to, (i * k + j) * size, size);
      }
    }
    return to;
  }

  private void transposed(HostWeight weight, long to) {
    MemorySegment part = weight.parts().getFirst();
    long slice = device.memory().allocate(part.byteSize(), Usage.STAGING);
    try {
      queue.uploadBytes(part, slice);
      Shape s = weight.shape();
      long stride = weight.dtype().bytes(s.dim(0));
      sort(Kernel.PACK, to, slice, s.dim(0), s.dim(1), stride, weight.dtype(), true);
    } finally {
      device.memory().free(slice);
    }
  }

  private void panels(HostWeight weight, long to) {
    DType type = weight.dtype();
    long n = weight.shape().dim(0);
    long k = weight.shape().dim(1);
    long rowBytes = type.bytes(k);
    long most = sliceRows(rowBytes, n);
    long slice = device.memory().allocate(most * rowBytes, Usage.STAGING);
    try {
      Parts parts = new Parts(weight);
      for (long row = 0; row < n; row += most) {
        long count = Math.min(most, n - row);
        parts.upload(queue, slice, count * rowBytes);
        long at = to + row / Panels.ROWS * Panels.panelBytes(type, k);
        sort(Kernel.PACK, at, slice, count, k, rowBytes, type, false);
      }
    } finally {
      device.memory().free(slice);
    }
  }

  /** Whole panels that fit a slice, one at least. */
  private static long sliceRows(long rowBytes, long n) {
    long rows = Math.max(Panels.ROWS, SLICE / rowBytes / Panels.ROWS * Panels.ROWS);
    return Math.min(rows, Panels.panels(n) * Panels.ROWS);
  }

  /** Gives a packed weight's rows back; they are there after the queue is waited for. */
  void download(Tensor weight, MemorySegment host) {
    DType type = weight.dtype();
    long n = weight.shape().dim(0);
    long k = weight.shape().dim(1);
    if (n * k == 0) {
      return;
    }
    long rowBytes = type.bytes(k);
    long most = sliceRows(rowBytes, n);
    long slice = device.memory().allocate(most * rowBytes, Usage.STAGING);
    try {
      for (long row = 0; row < n; row += most) {
        long count = Math.min(most, n - row);
        long from = Arguments.address(weight) + row / Panels.ROWS * Panels.panelBytes(type, k);
        sort(Kernel.UNPACK_ROWS, from, slice, count, k, rowBytes, type, false);
        queue.downloadBytes(slice, host.asSlice(row * rowBytes, count * rowBytes));
      }
    } finally {
      device.memory().free(slice); // waits
    }
  }

  private void sort(
      Kernel kernel,
      long panels,
      long rows,
      long count,
      long k,
      long stride,
      DType type,
      boolean transposed) {
    queue.enqueue(
        "packing weights of " + type,
        () -> {
          Launches launches = queue.launches();
          launches
              .arguments()
              .i64(panels)
              .i64(rows)
              .i64(count)
              .i64(k)
              .i64(stride)
              .i32(type.ordinal())
              .i32(transposed);
          launches.launchElements(kernel, Panels.bytes(type, count, k) / 16);
        });
  }

  /** The parts of a weight as one run of bytes. */
  private static final class Parts {
    private final HostWeight weight;
    private int part;
    private long at;

    Parts(HostWeight weight) {
      this.weight = weight;
    }

    /** Uploads the next bytes. */
    void upload(CudaQueue queue, long to, long bytes) {
      long done = 0;
      while (done < bytes) {
        MemorySegment from = weight.parts().get(part);
        long now = Math.min(bytes - done, from.byteSize() - at);
        queue.uploadBytes(from.asSlice(at, now), to + done);
        done += now;
        at += now;
        if (at == from.byteSize()) {
          part++;
          at = 0;
        }
      }
    }
  }
}
