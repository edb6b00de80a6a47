package dev.heed.generate;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.device.PlanningDevice;
import dev.heed.device.Usage;
import dev.heed.model.EncoderModel;
import dev.heed.model.SentenceModel;
import dev.heed.nn.Dense;
import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.PoolKind;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Runs ragged batches of texts through an encoder on a device and pools their token vectors. One
 * thread at a time.
 */
public final class EncoderSession implements AutoCloseable {
  /**
   * Tokens of a batch: enough to fill the kernels, few enough that activations stay near the cores.
   */
  private static final int BATCH_TOKENS = 2048;

  /** Arrays that describe a batch, none longer than its tokens but for the offsets' end. */
  private static final int INPUTS = 6;

  private static final long UNBOUNDED = 1L << 50;

  private final SentenceModel model;
  private final Arena arena = Arena.ofShared();
  private final CommandQueue queue;
  private final Workspace workspace;
  private final Ops ops;
  private final int capacity;
  private final MemorySegment staging;
  private final MemorySegment pooled;
  private boolean prepared;
  private boolean closed;

  private EncoderSession(
      SentenceModel model, Device device, DType compute, long workspaceBytes, long scratch) {
    this.model = model;
    this.capacity = capacity(model);
    this.queue = device.openQueue(scratch, arena);
    this.workspace = new Workspace(device, workspaceBytes, arena, compute);
    this.ops = new Ops(queue, workspace);
    this.staging = arena.allocate(ValueLayout.JAVA_INT, INPUTS * capacity + 1L);
    this.pooled = arena.allocate((long) capacity * model.dimension() * Float.BYTES, Float.BYTES);
  }

  /**
   * Opens a session; all device memory is allocated now.
   *
   * @param compute a compute type of the device
   */
  public static EncoderSession open(SentenceModel model, Device device, DType compute) {
    PlanningDevice planning = new PlanningDevice(device);
    long workspace = rehearse(model, planning, compute);
    return new EncoderSession(model, device, compute, workspace, planning.scratchBytes());
  }

  /** What a session would take, and what was already counted on the planning device. */
  public static MemoryPlan plan(SentenceModel model, PlanningDevice planning, DType compute) {
    long workspace = rehearse(model, planning, compute);
    return new MemoryPlan(
        planning.bytes(Usage.WEIGHTS),
        planning.bytes(Usage.STATE),
        workspace + planning.scratchBytes());
  }

  private static long rehearse(SentenceModel model, PlanningDevice planning, DType compute) {
    try (EncoderSession dry = new EncoderSession(model, planning, compute, UNBOUNDED, 0)) {
      int n = dry.capacity;
      int longest = Math.min(n, model.encoder().positions());
      dry.forward(List.of(new int[longest]), PoolKind.MEAN, true);
      dry.forward(Collections.nCopies(n, new int[1]), PoolKind.MEAN, true);
      List<int[]> mixed = new ArrayList<>(Collections.nCopies(n - longest, new int[1]));
      mixed.add(new int[longest]);
      dry.forward(mixed, PoolKind.MEAN, true);
      return dry.workspace.peak();
    }
  }

  private static int capacity(SentenceModel model) {
    return Math.max(BATCH_TOKENS, model.encoder().positions());
  }

  /** The most tokens a batch may have, all its texts together. */
  public int capacity() {
    return capacity;
  }

  /**
   * One vector for each text.
   *
   * @param texts token ids of each text; together at most {@link #capacity}
   * @param normalize scale vectors to length 1
   * @return F32 [texts, dimension], valid until the next call
   */
  public MemorySegment embed(List<int[]> texts, PoolKind pooling, boolean normalize) {
    Tensor out = forward(texts, pooling, normalize);
    MemorySegment host = pooled.asSlice(0, out.byteSize());
    queue.download(out, host);
    queue.synchronize();
    return host;
  }

  private Tensor forward(List<int[]> texts, PoolKind pooling, boolean normalize) {
    workspace.release(0);
    int b = texts.size();
    RaggedChunks all = new RaggedChunks(texts, texts.stream().mapToInt(t -> t.length).sum());
    all.next();
    int[] types = new int[all.tokens];
    List<Tensor> there =
        upload(all.ids, all.positions, types, all.offsets, all.starts, all.lengths);
    Tensor offsets = there.get(3);
    EncoderModel.Input input =
        new EncoderModel.Input(
            there.get(0),
            there.get(1),
            there.get(2),
            new Sequences(offsets, there.get(4), all.maxQueries, all.maxQueries),
            offsets.rows(0, b),
            there.get(5));
    if (!prepared) {
      prepared = true;
      long mark = workspace.mark();
      ops.prepare(to -> forward(to, input, offsets, pooling, normalize));
      workspace.release(mark);
    }
    return forward(ops, input, offsets, pooling, normalize);
  }

  private Tensor forward(
      Ops to, EncoderModel.Input input, Tensor offsets, PoolKind pooling, boolean normalize) {
    long b = offsets.shape().dim(0) - 1;
    Tensor x = workspace.tensor(DType.F32, input.ids().shape().dim(0), model.encoder().hidden());
    Tensor out = workspace.tensor(DType.F32, b, model.encoder().hidden());
    model.encoder().forward(to, workspace, input, x);
    to.run(new Op.Pool(out, x, offsets, pooling));
    for (Dense layer : model.dense()) {
      Tensor y = workspace.tensor(DType.F32, b, layer.linear().outputs());
      layer.forward(to, y, out);
      out = y;
    }
    if (normalize) {
      to.run(new Op.Norm(out, out, Optional.empty(), Optional.empty(), 1e-12f, NormKind.L2));
    }
    return out;
  }

  /** Each of the arrays as a tensor; they travel together. */
  private List<Tensor> upload(int[]... arrays) {
    Tensor all = workspace.tensor(DType.I32, Arrays.stream(arrays).mapToLong(a -> a.length).sum());
    List<Tensor> tensors = new ArrayList<>();
    long from = 0;
    for (int[] a : arrays) {
      MemorySegment.copy(a, 0, staging, ValueLayout.JAVA_INT, from * Integer.BYTES, a.length);
      tensors.add(all.rows(from, a.length));
      from += a.length;
    }
    queue.upload(staging.asSlice(0, all.byteSize()), all);
    return tensors;
  }

  /** Frees everything; twice is harmless. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      queue.close();
      arena.close();
    }
  }
}
