package dev.heed.generate;

import dev.heed.Sampling;
import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.device.PlanningDevice;
import dev.heed.device.Recording;
import dev.heed.device.Usage;
import dev.heed.model.DecoderModel;
import dev.heed.nn.Batch;
import dev.heed.nn.KvCache;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * One text in the making: a paged key-value cache, a workspace and a recorded decode step on a
 * device. All memory is allocated when it opens. One thread at a time.
 */
public final class Session implements AutoCloseable {
  private static final int PAGE_SIZE = 64;
  private static final int CHUNK = 512;
  private static final int ALL_LOGITS_CHUNK = 64;
  private static final long UNBOUNDED = 1L << 50;

  private final DecoderModel model;
  private final Device device;
  private final int context;
  private final Arena arena = Arena.ofShared();
  private final CommandQueue queue;
  private final Workspace workspace;
  private final Ops ops;
  private final StepState chunkState;
  private final StepState decodeState;
  private final KvCache cache;
  private final Tensor lastRow;
  private final Tensor logits;
  private final MemorySegment hostLogits;
  private final DeviceSampler deviceSampler;
  private Sampler hostSampler;
  private Recording decode;
  private Recording decodeAndChoose;
  private int chosen;
  private boolean decodeStateCurrent;

  /** Whether the step behind the chosen token is enqueued already, with all it will change. */
  private boolean ahead;

  private boolean prepared;
  private int length;
  private boolean closed;

  private Session(
      DecoderModel model, Device device, DType compute, long workspaceBytes, long scratchBytes) {
    this.model = model;
    this.device = device;
    this.context = model.dimensions().context();
    this.queue = device.openQueue(scratchBytes, arena);
    this.workspace = new Workspace(device, workspaceBytes, arena, compute);
    this.ops = new Ops(queue, workspace);
    DecoderModel.Dimensions d = model.dimensions();
    int pages = Math.ceilDiv(context, PAGE_SIZE);
    this.chunkState = new StepState(queue, Math.min(CHUNK, context), arena);
    this.decodeState = new StepState(queue, 1, arena);
    this.cache =
        KvCache.allocate(
            device,
            d.layers(),
            Shape.of(pages, PAGE_SIZE, d.kvHeads(), d.headDim()),
            workspace.compute(),
            chunkState.constant(pagesInOrder(pages)).reshape(1, pages),
            chunkState.lengths(),
            arena);
    this.lastRow = chunkState.constant(0);
    this.logits =
        Tensor.allocate(device, Usage.STATE, arena, DType.F32, Shape.of(1, d.vocabulary()));
    this.hostLogits =
        logits
            .buffer()
            .host()
            .orElseGet(() -> arena.allocate(logits.byteSize(), Float.BYTES))
            .asSlice(0, logits.byteSize());
    this.deviceSampler = new DeviceSampler(queue, decodeState.ids(), logits, context, arena);
  }

  /**
   * Opens a session for as many positions as the model was loaded for.
   *
   * @param compute a compute type of the device
   * @throws dev.heed.device.DeviceException if the device has not the memory
   */
  public static Session open(DecoderModel model, Device device, DType compute) {
    PlanningDevice planning = new PlanningDevice(device);
    long workspace = rehearse(model, planning, compute);
    return new Session(model, device, compute, workspace, planning.scratchBytes());
  }

  /** What a session would take, and what was already counted on the planning device. */
  public static MemoryPlan plan(DecoderModel model, PlanningDevice planning, DType compute) {
    long workspace = rehearse(model, planning, compute);
    return new MemoryPlan(
        planning.bytes(Usage.WEIGHTS),
        planning.bytes(Usage.STATE),
        workspace + planning.scratchBytes());
  }

  /**
   * Goes through every kind of step without executing one and gives the bytes of workspace they
   * want.
   */
  private static long rehearse(DecoderModel model, PlanningDevice planning, DType compute) {
    try (Session dry = new Session(model, planning, compute, UNBOUNDED, 0)) {
      int n = Math.min(CHUNK, dry.context);
      dry.prefill(new int[n], () -> false);
      dry.reset();
      dry.allLogits(new int[Math.min(ALL_LOGITS_CHUNK, n)], MemorySegment.NULL, () -> false);
      dry.reset();
      dry.step(0);
      dry.first(new int[n], Sampling.greedy(), () -> false);
      if (n < dry.context) {
        dry.next();
      }
      return dry.workspace.peak();
    }
  }

  private static int[] pagesInOrder(int pages) {
    int[] order = new int[pages];
    for (int i = 0; i < pages; i++) {
      order[i] = i;
    }
    return order;
  }

  /** Positions filled. */
  public int length() {
    return length;
  }

  /** Positions it can hold. */
  public int context() {
    return context;
  }

  /** Forgets the text, keeps the memory. */
  public void reset() {
    length = 0;
    forgetDecodeState();
  }

  /** The device's positions are not those of the next step: it loads them anew. */
  private void forgetDecodeState() {
    decodeStateCurrent = false;
    ahead = false;
  }

  /**
   * Reads tokens, in chunks.
   *
   * @param ids at least one; they must fit the context
   * @param cancelled asked between chunks; once true, the rest is left
   * @return F32 [vocabulary]: logits after the last token, valid until the next call
   */
  public MemorySegment prefill(int[] ids, BooleanSupplier cancelled) {
    read(ids, cancelled);
    return downloadLogits();
  }

  private void read(int[] ids, BooleanSupplier cancelled) {
    requireRoom(ids.length);
    int chunk = chunkState.capacity();
    for (int from = 0; from < ids.length && !cancelled.getAsBoolean(); from += chunk) {
      int n = Math.min(chunk, ids.length - from);
      Batch batch = chunkState.load(ids, from, n, length);
      chunkState.set(lastRow, n - 1);
      prepare(batch);
      model.forward(ops, workspace, batch, cache, Optional.of(lastRow), logits);
      length += n;
      queue.synchronize();
    }
    forgetDecodeState();
  }

  /** Has the kernels of the first chunk and of all steps built together, before any runs. */
  private void prepare(Batch first) {
    if (prepared) {
      return;
    }
    prepared = true;
    ops.prepare(
        to -> {
          model.forward(to, workspace, first, cache, Optional.of(lastRow), logits);
          decodeStep(to);
          if (deviceSampler.supported()) {
            to.run(deviceSampler.op());
          }
        });
  }

  /**
   * Reads tokens and gives the logits after each.
   *
   * @param out F32 [ids.length, vocabulary]
   * @param cancelled asked between chunks; once true, the rest is left
   */
  public void allLogits(int[] ids, MemorySegment out, BooleanSupplier cancelled) {
    requireRoom(ids.length);
    long row = DType.F32.bytes(model.dimensions().vocabulary());
    int chunk = Math.min(ALL_LOGITS_CHUNK, chunkState.capacity());
    for (int from = 0; from < ids.length && !cancelled.getAsBoolean(); from += chunk) {
      int n = Math.min(chunk, ids.length - from);
      long mark = workspace.mark();
      Tensor all = workspace.tensor(DType.F32, n, model.dimensions().vocabulary());
      Batch batch = chunkState.load(ids, from, n, length);
      model.forward(ops, workspace, batch, cache, Optional.empty(), all);
      if (out.byteSize() > 0) {
        queue.download(all, out.asSlice(from * row, n * row));
      }
      queue.synchronize();
      workspace.release(mark);
      length += n;
    }
    forgetDecodeState();
  }

  /**
   * Reads one token, through a recording.
   *
   * @return F32 [vocabulary]: the logits after it, valid until the next call
   */
  public MemorySegment step(int id) {
    requireRoom(1);
    if (decode == null) {
      decode = ops.record(this::decodeStep);
    }
    if (ahead) {
      forgetDecodeState();
    }
    if (decodeStateCurrent) {
      decodeState.set(decodeState.ids(), id);
    } else {
      loadDecodeState(id);
    }
    decode.replay();
    length++;
    return downloadLogits();
  }

  private void loadDecodeState(int id) {
    decodeState.load(new int[] {id}, 0, 1, length);
    decodeStateCurrent = true;
  }

  /**
   * Begins a text with a prompt and chooses the token behind it: on the device, where it can, so
   * that the logits stay there.
   *
   * @param prompt at least one id; they must fit the context
   * @param cancelled asked between chunks; once true, the rest is left
   * @return the token, or -1 if cancelled
   * @throws ArithmeticException if no logit is a finite number
   */
  public int first(int[] prompt, Sampling sampling, BooleanSupplier cancelled) {
    reset();
    hostSampler = deviceSampler.supported() ? null : hostSampler(sampling, prompt);
    if (hostSampler == null) {
      deviceSampler.begin(sampling, prompt);
    }
    read(prompt, cancelled);
    if (cancelled.getAsBoolean()) {
      return -1;
    }
    if (hostSampler != null) {
      return chosen = hostSampler.next(downloadLogits());
    }
    ops.run(deviceSampler.op());
    return chosen = deviceSampler.chosen();
  }

  private Sampler hostSampler(Sampling sampling, int[] prompt) {
    Sampler sampler = new Sampler(sampling, model.dimensions().vocabulary());
    for (int id : prompt) {
      sampler.accept(id);
    }
    return sampler;
  }

  /** {@link #next(boolean)} for a text that may end here. */
  public int next() {
    return next(false);
  }

  /**
   * Reads the token that was chosen last, through a recording, and chooses the next.
   *
   * @param more whether the text most likely goes on: a device that works beside the host then
   *     begins with the step behind the new token at once. What ends the text none the less costs
   *     the device that step, and changes nothing else
   * @throws ArithmeticException if no logit is a finite number
   */
  public int next(boolean more) {
    if (hostSampler != null) {
      hostSampler.accept(chosen);
      return chosen = hostSampler.next(step(chosen));
    }
    requireRoom(1);
    if (!ahead) {
      enqueueStep();
    }
    ahead = false;
    length++;
    chosen = deviceSampler.chosen();
    if (more && length < context && queue.isAsynchronous()) {
      enqueueStep();
      ahead = true;
    }
    return chosen;
  }

  /** The step that reads the chosen token and chooses the next. */
  private void enqueueStep() {
    if (decodeAndChoose == null) {
      decodeAndChoose =
          ops.record(
              to -> {
                decodeStep(to);
                to.run(deviceSampler.op());
              });
    }
    if (!decodeStateCurrent) {
      loadDecodeState(chosen);
    }
    deviceSampler.accept(chosen);
    decodeAndChoose.replay();
  }

  /** One token; then positions and lengths move on, on the device. */
  private void decodeStep(Ops to) {
    Tensor positions = decodeState.positions();
    Batch batch =
        new Batch(
            decodeState.ids(),
            positions,
            new Sequences(decodeState.offsets(), decodeState.starts(), 1, context));
    model.forward(
        to, workspace, batch, cache.withLengths(decodeState.lengths()), Optional.empty(), logits);
    for (Tensor t : new Tensor[] {positions, decodeState.starts(), decodeState.lengths()}) {
      to.run(new Op.Add(t, t, decodeState.one()));
    }
  }

  private MemorySegment downloadLogits() {
    if (logits.buffer().host().isEmpty()) {
      queue.download(logits, hostLogits);
    }
    queue.synchronize();
    return hostLogits;
  }

  private void requireRoom(int tokens) {
    if (tokens < 1 || tokens > context - length) {
      throw new IllegalArgumentException(
          "%d tokens: the session holds %d of %d".formatted(tokens, length, context));
    }
  }

  /** Frees everything; twice is harmless. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    for (Recording recording : new Recording[] {decode, decodeAndChoose}) {
      if (recording != null) {
        recording.close();
      }
    }
    queue.close();
    arena.close();
  }
}
