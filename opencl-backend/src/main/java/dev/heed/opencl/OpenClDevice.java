package dev.heed.opencl;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceException;
import dev.heed.device.DeviceInfo;
import dev.heed.device.HostMemory;
import dev.heed.device.HostWeight;
import dev.heed.device.Tuner;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jocl.CLException;
import org.jocl.cl_context;
import org.jocl.cl_mem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An OpenCL device. A CPU works in the host's memory, on buffers that the host reads in place;
 * others have memory of their own.
 */
public final class OpenClDevice implements Device {
  private static final Logger LOG = LoggerFactory.getLogger(OpenClDevice.class);

  private final ClDevice device;
  private final DeviceInfo info;
  private final cl_context context;
  private final String language;
  private final Programs programs;
  private final Family family;
  private final Subgroups subgroups;
  private final Tuning tuning;
  private final Optional<TuningFile> tuningFile;
  private final boolean shared;
  private final boolean spins;
  private final AtomicInteger busyQueues = new AtomicInteger();
  private final Dots mostDots;
  private final boolean chains;
  private final Set<OpenClQueue> queues = ConcurrentHashMap.newKeySet();
  private final AtomicLong allocated = new AtomicLong();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile Dots dots;

  OpenClDevice(ClDevice device, int index, Options options) {
    this.device = device;
    info = options.describe(device, index);
    family = options.familyOf(device);
    tuning = Tuning.of(device, options);
    tuningFile = options.cache().map(c -> new TuningFile(c, device, family));
    LOG.info("{}: {} kernels, tuning: {}", info.id(), family, tuning.origin());
    shared = options.sharesHostMemory(device);
    mostDots = options.dots();
    chains = options.chains(device);
    context = Cl.createContext(device);
    subgroups = Subgroups.usedOn(device);
    String halves = options.halves(device).defines();
    spins = shared && family == Family.CPU && options.spin() && SpinWait.helps(device);
    String spinning = spins ? " -DSPINS" : "";
    language = "-cl-std=" + standard() + halves + options.buildOptions() + spinning;
    programs = new Programs(context, device, language, options.cache().map(ProgramCache::new));
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  ClDevice driver() {
    return device;
  }

  cl_context context() {
    return context;
  }

  Programs programs() {
    return programs;
  }

  /** Programs of the device that are not kept; the caller closes them. */
  Programs temporaryPrograms() {
    return new Programs(context, device, language, Optional.empty());
  }

  private String standard() {
    return family == Family.SUBGROUP ? subgroups.standardOf(device.version()) : "CL1.2";
  }

  Family family() {
    return family;
  }

  /** Whether buffers lie in the host's memory. */
  boolean sharesHostMemory() {
    return shared;
  }

  /** What the kernels of {@link Family#SUBGROUP} use. */
  Subgroups subgroups() {
    return subgroups;
  }

  /** How products of rounded rows are made: asked for when there is the first one. */
  Dots dots() {
    Dots known = dots;
    if (known == null) {
      Dots found = Dots.of(this);
      known = found.compareTo(mostDots) < 0 ? found : mostDots;
      LOG.info("{}: products of rounded rows by {}", info.id(), known);
      dots = known;
    }
    return known;
  }

  /** Whether recorded ops of a row share launches. */
  boolean chains() {
    return chains;
  }

  Tuning tuning() {
    return tuning;
  }

  @Override
  public void onBuild(BuildListener listener) {
    programs.onBuild(listener);
  }

  @Override
  public Optional<Tuner> tuner() {
    return Optional.of(new OpenClTuner(this, tuningFile));
  }

  @Override
  public DeviceBuffer allocate(long bytes, Usage usage, Arena owner) {
    if (bytes < 0) {
      throw new IllegalArgumentException("opencl: cannot allocate %d bytes".formatted(bytes));
    }
    if (bytes > info.maxAllocationBytes()) {
      throw outOfMemory(bytes, usage);
    }
    try {
      return shared ? hostBuffer(bytes, usage, owner) : deviceBuffer(bytes, owner);
    } catch (OutOfMemoryError e) {
      throw outOfMemory(bytes, usage);
    } catch (CLException e) {
      if (Cl.isOutOfMemory(e)) {
        throw outOfMemory(bytes, usage);
      }
      throw new DeviceException.Lost(
          "%s: allocating %d bytes fails with %s: open the device anew"
              .formatted(info.id(), bytes, Cl.status(e)),
          e);
    }
  }

  private DeviceException.OutOfMemory outOfMemory(long bytes, Usage usage) {
    return new DeviceException.OutOfMemory(
        ("%s: %d bytes for %s asked, about %d are free and a buffer has at most %d:"
                + " use a smaller model or a shorter context")
            .formatted(
                info.id(),
                bytes,
                usage,
                Math.max(0, info.memoryBytes() - allocated.get()),
                info.maxAllocationBytes()));
  }

  /** Host memory that the device uses itself. */
  private OpenClBuffer hostBuffer(long bytes, Usage usage, Arena owner) {
    // The driver refuses buffers of no bytes.
    MemorySegment memory = HostMemory.allocate(Math.max(bytes, 1), usage, owner);
    cl_mem made = over(memory);
    releaseWith(owner, made, memory.byteSize());
    return new OpenClBuffer(this, made, bytes, memory.asSlice(0, bytes), true);
  }

  /** Memory of the host for kernels to read, until the arena closes; it must live as long. */
  OpenClBuffer view(MemorySegment memory, Arena owner) {
    cl_mem made = over(memory);
    releaseWith(owner, made, 0);
    return new OpenClBuffer(this, made, memory.byteSize(), memory, true);
  }

  private cl_mem over(MemorySegment memory) {
    // JOCL wants a ByteBuffer, which ends at 2 GiB; the driver only looks at where it begins.
    return Cl.createBuffer(context, memory.byteSize(), memory.asSlice(0, 1).asByteBuffer());
  }

  private OpenClBuffer deviceBuffer(long bytes, Arena owner) {
    cl_mem made = Cl.createBuffer(context, Math.max(bytes, 1), null);
    MemorySegment handle = releaseWith(owner, made, Math.max(bytes, 1));
    return new OpenClBuffer(this, made, bytes, handle, false);
  }

  /** Frees the buffer when its arena closes, after work that may use it. */
  @SuppressWarnings("restricted")
  private MemorySegment releaseWith(Arena owner, cl_mem memory, long bytes) {
    allocated.addAndGet(bytes);
    try {
      return MemorySegment.ofAddress(memory.getNativePointer())
          .reinterpret(
              owner,
              handle -> {
                queues.forEach(OpenClQueue::settle);
                Cl.release(memory);
                allocated.addAndGet(-bytes);
              });
    } catch (RuntimeException e) { // the arena is closed
      Cl.release(memory);
      allocated.addAndGet(-bytes);
      throw e;
    }
  }

  @Override
  public boolean supports(Op op) {
    return Support.has(op, family);
  }

  @Override
  public long scratchBytes(Op op) {
    return switch (op) {
      case Op.Attention o -> AttentionLaunch.scratchBytes(o, family);
      case Op.Sample o -> Launches.sampleScratchBytes(o);
      case Op.MatMul o -> productScratchBytes(o.x(), o.w());
      case Op.Linear o -> productScratchBytes(o.x(), o.w());
      case Op.GatedLinear o -> productScratchBytes(o.x(), o.w());
      default -> 0;
    };
  }

  private long productScratchBytes(Tensor x, Tensor w) {
    return family == Family.CPU ? PanelLaunch.scratchBytes(x, w) : 0;
  }

  @Override
  public Tensor pack(HostWeight weight, CommandQueue queue, Arena owner) {
    DeviceBuffer buffer = allocate(packedBytes(weight), Usage.WEIGHTS, owner);
    Layout layout = packedLayout(weight);
    if (layout != Layout.ROW_MAJOR) {
      ((OpenClQueue) queue).pack(weight, (OpenClBuffer) buffer);
      Shape shape = weight.shape();
      return new Tensor(buffer, 0, shape, shape.dim(1), weight.dtype(), layout);
    }
    Tensor packed = Tensor.of(buffer, 0, weight.shape(), weight.dtype());
    if (weight.transposed()) {
      try (Arena arena = Arena.ofShared()) {
        queue.upload(transposed(weight, arena), packed);
      }
      return packed;
    }
    long row = 0;
    long rowBytes = weight.dtype().bytes(weight.shape().dim(1));
    for (MemorySegment part : weight.parts()) {
      long rows = part.byteSize() / Math.max(1, rowBytes);
      queue.upload(part, packed.rows(row, rows));
      row += rows;
    }
    return packed;
  }

  /** [K, N] as [N, K], element by element. */
  private static MemorySegment transposed(HostWeight weight, Arena arena) {
    long n = weight.shape().dim(0);
    long k = weight.shape().dim(1);
    int size = weight.dtype().blockBytes();
    MemorySegment from = weight.parts().getFirst();
    MemorySegment to = arena.allocate(Math.max(1, from.byteSize()), 64);
    for (long i = 0; i < n; i++) {
      for (long j = 0; j < k; j++) {
        MemorySegment.copy(from, (j * n + i) * size, to, (i * k + j) * size, size);
      }
    }
    return to.asSlice(0, from.byteSize());
  }

  @Override
  public long packedBytes(HostWeight weight) {
    Shape shape = weight.shape();
    Layout layout = packedLayout(weight);
    return layout == Layout.ROW_MAJOR
        ? weight.dtype().bytes(shape.elements())
        : Panels.count(shape.dim(0))
            * Packing.of(family, layout).bytes(weight.dtype(), shape.dim(1));
  }

  /** Matrices lie as a {@link Packing} says; tables for Gather alone stay rows. */
  @Override
  public Layout packedLayout(HostWeight weight) {
    boolean half = weight.dtype().isHalf();
    return switch (weight.use()) {
      case TABLE -> Layout.ROW_MAJOR;
      case ROUNDED -> family == Family.CPU && half ? Layout.ROUNDED : Layout.DEVICE;
      case MATRIX, BOTH -> Layout.DEVICE;
    };
  }

  @Override
  public CommandQueue openQueue(long scratchBytes, Arena owner) {
    OpenClBuffer scratch = (OpenClBuffer) allocate(scratchBytes, Usage.WORKSPACE, owner);
    return queue(programs, tuning, scratch);
  }

  /** A queue of kernels with other numbers than the device's, from other programs. */
  OpenClQueue queue(Programs from, Tuning numbers, OpenClBuffer scratch) {
    OpenClQueue queue = new OpenClQueue(this, from, numbers, scratch);
    queues.add(queue);
    return queue;
  }

  /** What keeps the driver's threads awake for a new queue, where that helps. */
  Optional<SpinWait> spinWait(Programs from, Arena arena) {
    return spins ? Optional.of(new SpinWait(this, from, busyQueues, arena)) : Optional.empty();
  }

  /** Forgets a queue that has closed. */
  void closed(OpenClQueue queue) {
    queues.remove(queue);
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      queues.forEach(OpenClQueue::close);
      programs.close();
      Cl.release(context);
    }
  }
}
