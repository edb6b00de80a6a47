package dev.heed.generate;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.device.PlanningDevice;
import dev.heed.device.Usage;
import dev.heed.model.DecoderModel;
import dev.heed.op.Ops;
import dev.heed.tensor.DType;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Several texts in the making by a decoder: the hypotheses of a beam search, for instance. All
 * memory is allocated when it opens. One thread at a time.
 */
public final class BatchSession implements BatchDecoder, AutoCloseable {
  private static final long UNBOUNDED = 1L << 50;

  private final Arena arena = Arena.ofShared();
  private final DecoderModel.Dimensions dimensions;
  private final int maxRows;
  private final CommandQueue queue;
  private final Workspace workspace;
  private final DecodeBatch batch;
  private boolean closed;

  private BatchSession(
      DecoderModel model,
      Device device,
      DType compute,
      int maxRows,
      long workspaceBytes,
      long scratchBytes) {
    this.dimensions = model.dimensions();
    this.maxRows = maxRows;
    this.queue = device.openQueue(scratchBytes, arena);
    this.workspace = new Workspace(device, workspaceBytes, arena, compute);
    Ops ops = new Ops(queue, workspace);
    this.batch = new DecodeBatch(model::forward, dimensions, maxRows, ops, workspace, arena);
  }

  /**
   * Opens a session of {@code rows} texts, each with as many positions as the model was loaded for.
   *
   * @param compute a compute type of the device
   * @throws dev.heed.device.DeviceException if the device has not the memory
   */
  public static BatchSession open(DecoderModel model, Device device, DType compute, int rows) {
    PlanningDevice planning = new PlanningDevice(device);
    MemoryPlan plan = plan(model, planning, compute, rows);
    plan.requireFits("a search with %d rows".formatted(rows), device.info());
    long scratch = planning.scratchBytes();
    return new BatchSession(model, device, compute, rows, plan.workspace() - scratch, scratch);
  }

  /** What a session would take, and what was already counted on the planning device. */
  public static MemoryPlan plan(
      DecoderModel model, PlanningDevice planning, DType compute, int rows) {
    long peak;
    try (BatchSession dry = new BatchSession(model, planning, compute, rows, UNBOUNDED, 0)) {
      dry.batch.rehearse();
      peak = dry.workspace.peak();
    }
    return new MemoryPlan(
        planning.bytes(Usage.WEIGHTS), planning.bytes(Usage.STATE), peak + planning.scratchBytes());
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

  @Override
  public void begin(List<int[]> prompts, BooleanSupplier cancelled) {
    batch.begin(prompts, cancelled);
  }

  @Override
  public void step(int[] parents, int[] ids) {
    batch.step(parents, ids);
  }

  @Override
  public Ranking rank(int k, int[][] banned, boolean renormalize) {
    return batch.ranking().rank(batch.rows(), k, banned, renormalize);
  }

  @Override
  public MemorySegment logits() {
    return batch.ranking().logits(batch.rows());
  }

  @Override
  public float[][] logProbs(List<int[]> sequences, BooleanSupplier cancelled) {
    return batch.logProbs(sequences, cancelled);
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
