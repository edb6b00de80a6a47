package dev.heed.opencl;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.HostWeight;
import dev.heed.device.Recording;
import dev.heed.op.Op;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jocl.cl_command_queue;

/** An in-order command queue: everything is enqueued, and waited for only where the host asks. */
final class OpenClQueue implements CommandQueue {
  private final OpenClDevice device;
  private final cl_command_queue queue;

  /** Of the host's ends of transfers and arguments: freed when the queue closes. */
  private final Arena arena = Arena.ofShared();

  private final Optional<SpinWait> spinWait;
  private final KernelSet kernels;
  private final Launches launches;
  private final Transfers transfers;
  private final Chains chains;
  private final WeightPacker packer;

  /** Of memory that the kernels of recordings read. */
  private final List<Arena> recordings = new ArrayList<>();

  private final AtomicBoolean closed = new AtomicBoolean();

  /** A queue whose kernels may use {@code scratch}, with the values of {@code tuning}. */
  OpenClQueue(OpenClDevice device, Programs programs, Tuning tuning, OpenClBuffer scratch) {
    this.device = device;
    queue = Cl.createQueue(device.context(), device.driver().id());
    spinWait = device.spinWait(programs, arena);
    kernels = new KernelSet(device, programs, queue, tuning, spinWait, arena);
    transfers = new Transfers(device, queue, arena);
    RelativeBuckets buckets = new RelativeBuckets(device, transfers, arena);
    launches = new Launches(kernels, buckets, device.family(), tuning, scratch);
    chains = new Chains(device, kernels, transfers);
    packer = new WeightPacker(device, kernels, transfers);
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public boolean isAsynchronous() {
    return true;
  }

  @Override
  public void execute(Op op) {
    launches.execute(op);
  }

  @Override
  public void upload(MemorySegment host, Tensor to) {
    transfers.upload(host, to);
  }

  @Override
  public void download(Tensor from, MemorySegment host) {
    if (Panels.has(from)) {
      Transfers.requireFit(host, from);
      packer.unpack(from, host);
    } else {
      transfers.download(from, host);
    }
  }

  /** Lays a weight out as the device's kernels take it. */
  void pack(HostWeight weight, OpenClBuffer to) {
    packer.pack(weight, to);
  }

  /** Writes to {@code found} which {@link Dots} the processor has. */
  void askForDots(OpenClBuffer found) {
    kernels.of(Entry.DOTS).get().buffer(found).run(1, 1, 1);
  }

  @Override
  public void synchronize() {
    Cl.finish(queue);
    spinWait.ifPresent(SpinWait::idle);
    transfers.drained();
  }

  @Override
  public void prepare(List<Op> ops) {
    try (Arena chained = Arena.ofShared()) {
      kernels.prepare(() -> launchAll(ops, chained));
    }
  }

  /** Launches ops that are to be recorded: fewer launches than ops, where the device likes that. */
  private void launchAll(List<Op> ops, Arena chained) {
    if (device.chains()) {
      chains.launch(ops, launches::execute, chained);
    } else {
      ops.forEach(launches::execute);
    }
  }

  /** Kernels that have their arguments: a replay only enqueues them. */
  @Override
  public Recording record(List<Op> ops) {
    Arena chained = Arena.ofShared();
    recordings.add(chained);
    List<Kernel> recorded = kernels.record(() -> launchAll(ops, chained));
    return new Recording() {
      @Override
      public void replay() {
        for (int i = 0; i < recorded.size(); i++) {
          recorded.get(i).launch();
        }
      }

      @Override
      public void close() {
        kernels.forget(recorded);
        free(chained);
      }
    };
  }

  private void free(Arena ofRecording) {
    if (recordings.remove(ofRecording)) {
      ofRecording.close();
    }
  }

  /** Kernel files of what an op would launch and this queue never has. */
  Set<String> files(Op op) {
    return kernels.missing(() -> launches.execute(op)).stream()
        .map(Programs.Key::file)
        .collect(Collectors.toSet());
  }

  /** Waits for running work, from any thread; memory is about to be freed. */
  void settle() {
    synchronized (closed) {
      if (!closed.get()) {
        Cl.finish(queue);
      }
    }
  }

  @Override
  public void close() {
    synchronized (closed) {
      if (!closed.compareAndSet(false, true)) {
        return;
      }
      device.closed(this);
      try {
        Cl.finish(queue);
      } finally {
        try {
          transfers.close();
        } finally {
          kernels.close();
          List.copyOf(recordings).forEach(this::free);
          spinWait.ifPresent(SpinWait::close);
          Cl.release(queue);
          arena.close();
        }
      }
    }
  }
}
