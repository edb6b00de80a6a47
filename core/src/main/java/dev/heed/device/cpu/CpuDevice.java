package dev.heed.device.cpu;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceException;
import dev.heed.device.DeviceInfo;
import dev.heed.device.HostMemory;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * The processor as a device: ops run on all cores when they are enqueued, memory is the host's.
 * {@code -Dheed.cpu.threads} limits the cores.
 */
public final class CpuDevice implements Device {
  /** Lanes that plain loops pretend to have where there are no vectors. */
  private static final int SCALAR_LANES = 16;

  private final DeviceInfo info;
  private final Workers workers;
  private final RowMath math;
  private final PanelMath panels;
  private final AttentionMath tiles;
  private final DotProducts products;

  /** The device with the threads and kernels that the system properties ask for. */
  public CpuDevice() {
    this(
        Integer.getInteger("heed.cpu.threads", Runtime.getRuntime().availableProcessors()),
        Processor.hasVectors(true),
        Processor.mayRunCode(),
        true);
  }

  /**
   * The device with so many threads, the caller's among them.
   *
   * @param vectors use the Vector API, which then must be there
   * @throws IllegalArgumentException if there are no threads
   */
  CpuDevice(int threads, boolean vectors) {
    this(threads, vectors, false);
  }

  /**
   * The device with so many threads.
   *
   * @param vectors use the Vector API, which then must be there
   * @param code use machine code made at run time too, where the processor can run it
   * @throws IllegalArgumentException if there are no threads
   */
  CpuDevice(int threads, boolean vectors, boolean code) {
    this(threads, vectors, code, false);
  }

  private CpuDevice(int threads, boolean vectors, boolean code, boolean warming) {
    workers = new Workers(threads);
    math = math(vectors);
    panels = panels(vectors, warming);
    products = new DotProducts(panels.layout(), vectors && code);
    tiles = vectors ? new VectorAttention() : new ScalarAttention(SCALAR_LANES);
    info = describe(math);
  }

  private static PanelMath panels(boolean vectors, boolean warming) {
    if (!vectors) {
      return new ScalarPanels(new PanelLayout(16));
    }
    return warming ? new WarmingPanels(new VectorPanels()) : new VectorPanels();
  }

  private static RowMath math(boolean vectors) {
    return vectors ? new VectorRows() : new ScalarRows(SCALAR_LANES);
  }

  /** The device that {@link #CpuDevice()} would open. */
  static DeviceInfo describe() {
    return describe(math(Processor.hasVectors(false)));
  }

  private static DeviceInfo describe(RowMath math) {
    long memory = Processor.memoryBytes();
    return new DeviceInfo(
        "cpu",
        0,
        Processor.name(),
        DeviceInfo.Kind.CPU,
        memory,
        memory,
        Set.of(DType.F32, DType.Q8_0),
        "Java " + Runtime.version().feature() + ", " + math.describe(),
        math.vectorBits(),
        "");
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  /** The threads all queues share. */
  Workers workers() {
    return workers;
  }

  /** What a thread does with panels of weights. */
  PanelMath panels() {
    return panels;
  }

  /** Products of bytes by machine code. */
  DotProducts products() {
    return products;
  }

  /** What a thread does with rows. */
  RowMath math() {
    return math;
  }

  /** The products of attention. */
  AttentionMath tiles() {
    return tiles;
  }

  @Override
  public DeviceBuffer allocate(long bytes, Usage usage, Arena owner) {
    if (bytes < 0) {
      throw new IllegalArgumentException("cpu: cannot allocate %d bytes".formatted(bytes));
    }
    try {
      return new CpuBuffer(this, HostMemory.allocate(bytes, usage, owner));
    } catch (OutOfMemoryError e) {
      throw new DeviceException.OutOfMemory(
          "cpu: %d bytes for %s asked, about %d are free: use a smaller model or a shorter context"
              .formatted(bytes, usage, Processor.freeMemoryBytes()));
    }
  }

  @Override
  public boolean supports(Op op) {
    return Support.has(op, panels.layout());
  }

  @Override
  public long scratchBytes(Op op) {
    return switch (op) {
      case Op.MatMul o -> matmulScratch(o.x(), o.w());
      case Op.Linear o -> matmulScratch(o.x(), o.w());
      case Op.GatedLinear o -> matmulScratch(o.x(), o.w());
      case Op.Sample o -> SampleRows.scratchBytes(o, workers.count());
      case Op.Attention o ->
          o.weights().isPresent()
              ? AttentionMap.scratchBytes(o, workers.count())
              : AttentionKernel.scratchBytes(o, this);
      default -> 0;
    };
  }

  private long matmulScratch(Tensor x, Tensor w) {
    return MatMulKernel.scratchBytes(x, w, panels.layout(), workers.count());
  }

  @Override
  public Tensor pack(HostWeight weight, CommandQueue queue, Arena owner) {
    DeviceBuffer buffer = allocate(packedBytes(weight), Usage.WEIGHTS, owner);
    Shape shape = weight.shape();
    DType type = weight.dtype();
    if (packedLayout(weight) == Layout.ROUNDED) {
      WeightPacker.round(panels.layout(), weight, buffer.handle().address(), workers);
      return new Tensor(buffer, 0, shape, shape.dim(1), type, Layout.ROUNDED);
    }
    if (packedLayout(weight) == Layout.DEVICE) {
      long at = buffer.handle().address();
      if (panels instanceof WarmingPanels warming) {
        warming.expect(type);
      }
      boolean finite = WeightPacker.pack(panels.layout(), weight, at, workers);
      DeviceBuffer packed = new PackedBuffer(this, buffer.handle(), finite);
      return new Tensor(packed, 0, shape, shape.dim(1), type, Layout.DEVICE);
    }
    if (weight.transposed()) {
      transpose(weight, buffer.handle());
    } else {
      long at = 0;
      for (MemorySegment part : weight.parts()) {
        MemorySegment.copy(part, 0, buffer.handle(), at, part.byteSize());
        at += part.byteSize();
      }
    }
    return Tensor.of(buffer, 0, shape, type);
  }

  /** [K, N] to [N, K], element by element. */
  private static void transpose(HostWeight weight, MemorySegment to) {
    long n = weight.shape().dim(0);
    long k = weight.shape().dim(1);
    int size = weight.dtype().blockBytes();
    MemorySegment from = weight.parts().getFirst();
    for (long i = 0; i < n; i++) {
      for (long j = 0; j < k; j++) {
        MemorySegment.copy(from, (j * n + i) * size, to, (i * k + j) * size, size);
      }
    }
  }

  /**
   * Tables for Gather alone stay rows, all other weights become panels: rounded ones where machine
   * code multiplies them faster.
   */
  @Override
  public Layout packedLayout(HostWeight weight) {
    DType type = weight.dtype();
    return switch (weight.use()) {
      case TABLE -> Layout.ROW_MAJOR;
      case ROUNDED -> type.isHalf() && products.has(type) ? Layout.ROUNDED : Layout.DEVICE;
      case MATRIX, BOTH -> Layout.DEVICE;
    };
  }

  @Override
  public long packedBytes(HostWeight weight) {
    Shape shape = weight.shape();
    if (packedLayout(weight) == Layout.ROW_MAJOR) {
      return weight.dtype().bytes(shape.elements());
    }
    PanelLayout layout = panels.layout();
    long k = shape.dim(1);
    return layout.panels(shape.dim(0))
        * (packedLayout(weight) == Layout.ROUNDED
            ? BlockFloat.panelBytes(k)
            : layout.bytes(weight.dtype(), k));
  }

  @Override
  public CommandQueue openQueue(long scratchBytes, Arena owner) {
    return new CpuQueue(this, allocate(scratchBytes, Usage.WORKSPACE, owner));
  }

  @Override
  public void close() {
    workers.close();
    products.close();
    if (panels instanceof WarmingPanels warming) {
      warming.close();
    }
  }
}
