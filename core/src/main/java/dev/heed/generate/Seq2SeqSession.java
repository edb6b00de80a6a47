package dev.heed.generate;

import dev.heed.device.CommandQueue;
import dev.heed.device.ComputeTypes;
import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.device.PlanningDevice;
import dev.heed.device.Usage;
import dev.heed.model.DecoderModel;
import dev.heed.model.EncoderDecoderModel;
import dev.heed.model.EncoderModel;
import dev.heed.nn.Batch;
import dev.heed.nn.CrossCache;
import dev.heed.nn.KvCache;
import dev.heed.op.Ops;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Targets in the making by an encoder-decoder: encodes a ragged batch of sources once, computes
 * their cross-attention's keys and values once, and decodes several targets at once, of which any
 * may share a source. All memory is allocated when it opens. One thread at a time.
 */
public final class Seq2SeqSession implements BatchDecoder, AutoCloseable {
  private static final long UNBOUNDED = 1L << 50;

  /** Tokens of all sources of a batch together, unless a single source may be longer. */
  private static final int SOURCE_TOKENS = 1024;

  private static final long LARGE_CACHE = 1L << 28;
  private static final int FEW_ROWS = 8;
  private static final int MANY_ROWS = 16;

  private final EncoderDecoderModel model;
  private final DecoderModel.Dimensions dimensions;
  private final int maxRows;
  private final int maxSource;
  private final int sourceTokens;
  private final Arena arena = Arena.ofShared();
  private final CommandQueue queue;
  private final Workspace workspace;
  private final Ops ops;
  private final DeviceInts ids;
  private final DeviceInts positions;
  private final DeviceInts types;
  private final DeviceInts offsets;
  private final DeviceInts starts;
  private final DeviceInts lengths;
  private final DeviceInts crossStarts;
  private final DeviceInts crossLengths;
  private final CrossCache cross;
  private final DecodeBatch batch;
  private int[] sourceStarts = {0};
  private boolean prepared;
  private boolean closed;

  private Seq2SeqSession(
      EncoderDecoderModel model,
      Device device,
      DType compute,
      int maxRows,
      long workspaceBytes,
      long scratchBytes) {
    this.model = model;
    this.dimensions = model.decoder();
    this.maxRows = maxRows;
    this.maxSource = model.encoder().positions();
    this.sourceTokens = Math.max(Math.max(maxSource, SOURCE_TOKENS), maxRows);
    this.queue = device.openQueue(scratchBytes, arena);
    this.workspace = new Workspace(device, workspaceBytes, arena, compute);
    this.ops = new Ops(queue, workspace);
    this.ids = ints(sourceTokens);
    this.positions = ints(sourceTokens);
    this.types = ints(sourceTokens);
    this.offsets = ints(maxRows + 1);
    this.starts = ints(maxRows);
    this.lengths = ints(maxRows);
    this.crossStarts = ints(maxRows);
    this.crossLengths = ints(maxRows);
    this.cross =
        CrossCache.allocate(
            device,
            dimensions.layers(),
            Shape.of(sourceTokens, dimensions.kvHeads(), dimensions.headDim()),
            workspace.compute(),
            crossStarts.first(maxRows),
            crossLengths.first(maxRows),
            maxSource,
            arena);
    this.batch = new DecodeBatch(new Targets(), dimensions, maxRows, ops, workspace, arena);
  }

  private DeviceInts ints(int n) {
    return new DeviceInts(queue, n, arena);
  }

  /** A number of rows whose cache is not large: {@value #FEW_ROWS} to {@value #MANY_ROWS}. */
  public static int rows(EncoderDecoderModel model, DType compute) {
    DecoderModel.Dimensions d = model.decoder();
    DType cached = ComputeTypes.activations(compute);
    long row = cached.bytes(2L * d.layers() * d.context() * d.kvHeads() * d.headDim());
    return Math.clamp(LARGE_CACHE / Math.max(row, 1), FEW_ROWS, MANY_ROWS);
  }

  /**
   * Opens a session of {@code rows} targets, each with as many positions as the model was loaded
   * for.
   *
   * @param compute a compute type of the device
   * @throws dev.heed.device.DeviceException if the device has not the memory
   */
  public static Seq2SeqSession open(
      EncoderDecoderModel model, Device device, DType compute, int rows) {
    PlanningDevice planning = new PlanningDevice(device);
    long workspace = rehearse(model, planning, compute, rows);
    return new Seq2SeqSession(model, device, compute, rows, workspace, planning.scratchBytes());
  }

  /** What a session would take, and what was already counted on the planning device. */
  public static MemoryPlan plan(
      EncoderDecoderModel model, PlanningDevice planning, DType compute, int rows) {
    long workspace = rehearse(model, planning, compute, rows);
    return new MemoryPlan(
        planning.bytes(Usage.WEIGHTS),
        planning.bytes(Usage.STATE),
        workspace + planning.scratchBytes());
  }

  private static long rehearse(
      EncoderDecoderModel model, PlanningDevice planning, DType compute, int rows) {
    try (Seq2SeqSession dry = new Seq2SeqSession(model, planning, compute, rows, UNBOUNDED, 0)) {
      dry.encode(List.of(new int[dry.maxSource]));
      int each = Math.min(dry.maxSource, dry.sourceTokens / rows);
      dry.encode(Collections.nCopies(rows, new int[Math.max(each, 1)]));
      List<int[]> mixed = new ArrayList<>(Collections.nCopies(rows - 1, new int[1]));
      mixed.add(new int[Math.max(1, Math.min(dry.maxSource, dry.sourceTokens - rows + 1))]);
      dry.encode(mixed);
      dry.batch.rehearse();
      return dry.workspace.peak();
    }
  }

  /** The longest source, in tokens. */
  public int maxSource() {
    return maxSource;
  }

  /** The most tokens that sources may have together. */
  public int sourceTokens() {
    return sourceTokens;
  }

  /**
   * Reads sources; source i is that of the row which begins as prompt i.
   *
   * @param sources at most {@link #maxRows} and {@link #sourceTokens} together, none of them empty
   *     or longer than {@link #maxSource}
   */
  public void encode(List<int[]> sources) {
    requireFit(sources);
    int b = sources.size();
    RaggedChunks all = new RaggedChunks(sources, sourceTokens);
    all.next();
    sourceStarts = all.offsets;
    long mark = workspace.mark();
    EncoderModel.Input input =
        new EncoderModel.Input(
            ids.set(all.ids, all.tokens),
            positions.set(all.positions, all.tokens),
            types.set(new int[all.tokens], all.tokens),
            new Sequences(
                offsets.set(all.offsets, b + 1),
                starts.set(new int[b], b),
                all.maxQueries,
                all.maxQueries),
            offsets.first(b),
            lengths.set(all.lengths, b));
    Tensor memory = workspace.tensor(DType.F32, all.tokens, model.encoder().hidden());
    CrossCache filled = cross.with(all.tokens, crossStarts.first(b), crossLengths.first(b));
    Consumer<Ops> reading =
        to -> {
          model.encoder().forward(to, workspace, input, memory);
          model.project(to, workspace, memory, filled);
        };
    if (!prepared) {
      prepared = true;
      ops.prepare(reading);
    }
    reading.accept(ops);
    queue.synchronize();
    workspace.release(mark);
  }

  private void requireFit(List<int[]> sources) {
    int tokens = 0;
    for (int[] source : sources) {
      if (source.length < 1 || source.length > maxSource) {
        throw new IllegalArgumentException(
            "a source of %d tokens: want 1 to %d".formatted(source.length, maxSource));
      }
      tokens += source.length;
    }
    if (sources.isEmpty() || sources.size() > maxRows || tokens > sourceTokens) {
      throw new IllegalArgumentException(
          "%d sources of %d tokens at once: want 1 to %d of up to %d tokens together"
              .formatted(sources.size(), tokens, maxRows, sourceTokens));
    }
  }

  /** The decoder, each of whose rows attends to its source. */
  private final class Targets implements DecodeBatch.Model {
    @Override
    public void follow(int[] prompts, int n) {
      int[] at = new int[n];
      int[] length = new int[n];
      for (int r = 0; r < n; r++) {
        int source = prompts[r];
        at[r] = source < 0 ? 0 : sourceStarts[source];
        length[r] = source < 0 ? 0 : sourceStarts[source + 1] - at[r];
      }
      crossStarts.set(at, n);
      crossLengths.set(length, n);
    }

    @Override
    public void forward(
        Ops to, Workspace ws, Batch step, KvCache cache, Optional<Tensor> rows, Tensor logits) {
      int b = Math.toIntExact(step.seq().queryStart().shape().dim(0));
      CrossCache view = cross.with(sourceTokens, crossStarts.first(b), crossLengths.first(b));
      model.decode(to, ws, step, cache, view, rows, logits);
    }
  }

  @Override
  public int maxRows() {
    return maxRows;
  }

  @Override
  public int vocabulary() {
    return dimensions.vocabulary();
  }

  @Override
  public int context() {
    return dimensions.context();
  }

  @Override
  public int rows() {
    return batch.rows();
  }

  /** Begins a target for each source; see {@link BatchDecoder#begin}. */
  @Override
  public void begin(List<int[]> prompts, BooleanSupplier cancelled) {
    requireSources(prompts);
    batch.begin(prompts, cancelled);
  }

  @Override
  public void step(int[] parents, int[] next) {
    batch.step(parents, next);
  }

  @Override
  public Ranking rank(int k, int[][] banned, boolean renormalize) {
    return batch.ranking().rank(batch.rows(), k, banned, renormalize);
  }

  @Override
  public MemorySegment logits() {
    return batch.ranking().logits(batch.rows());
  }

  /** Reads a target for each source; see {@link BatchDecoder#logProbs}. */
  @Override
  public float[][] logProbs(List<int[]> sequences, BooleanSupplier cancelled) {
    requireSources(sequences);
    return batch.logProbs(sequences, cancelled);
  }

  private void requireSources(List<int[]> targets) {
    if (targets.size() != sourceStarts.length - 1) {
      throw new IllegalArgumentException(
          "%d targets for %d sources".formatted(targets.size(), sourceStarts.length - 1));
    }
  }

  /** Pages of the cache that rows refer to. */
  int usedPages() {
    return batch.usedPages();
  }

  /** Frees everything; twice is harmless. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      batch.close();
      queue.close();
      arena.close();
    }
  }
}
