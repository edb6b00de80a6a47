package dev.heed.generate;

import dev.heed.device.Device;
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
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * The rows of a {@link BatchDecoder} on a device: a paged cache that rows share, and a recorded
 * step for each bucket of 1, 2, 4, .. rows. Rows that pad a bucket are inert.
 */
final class DecodeBatch implements AutoCloseable {
  /** Small, because a fork copies the last one. */
  private static final int PAGE_SIZE = 16;

  private static final int CHUNK = 512;

  /** What computes logits. */
  interface Model {
    /** Told, before a step, which prompt each of the {@code n} rows began as; -1 pads. */
    default void follow(int[] prompts, int n) {}

    /** As {@link DecoderModel#forward}. */
    void forward(
        Ops ops, Workspace ws, Batch batch, KvCache cache, Optional<Tensor> rows, Tensor logits);
  }

  private final Model model;
  private final Ops ops;
  private final Workspace workspace;
  private final Arena arena;
  private final int context;
  private final int maxRows;
  private final PageTable pages;
  private final KvCache cache;
  private final DeviceInts blockTable;
  private final DeviceInts chunkIds;
  private final DeviceInts chunkPositions;
  private final DeviceInts offsets;
  private final DeviceInts lastRows;
  private final DeviceInts ids;
  private final RowPositions positions;
  private final TokenRanking ranking;
  private final Tensor logits;
  private final int chunk;
  private final Map<Integer, Recording> steps = new HashMap<>();
  private int[] origins = {};
  private int rows;

  DecodeBatch(
      Model model,
      DecoderModel.Dimensions d,
      int maxRows,
      Ops ops,
      Workspace workspace,
      Arena arena) {
    this.model = model;
    this.ops = ops;
    this.workspace = workspace;
    this.arena = arena;
    this.context = d.context();
    this.maxRows = maxRows;
    this.chunk = Math.max(maxRows, Math.min(CHUNK, context));
    this.pages = new PageTable(maxRows, context, PAGE_SIZE);
    this.blockTable = ints(maxRows * pages.blocks());
    this.chunkIds = ints(chunk);
    this.chunkPositions = ints(chunk);
    this.offsets = ints(maxRows + 1);
    this.lastRows = ints(maxRows);
    this.ids = ints(maxRows);
    this.positions = new RowPositions(ops.queue(), maxRows, arena);
    Device device = ops.queue().device();
    this.cache =
        KvCache.allocate(
            device,
            d.layers(),
            Shape.of(pages.pages(), PAGE_SIZE, d.kvHeads(), d.headDim()),
            workspace.compute(),
            table(maxRows),
            positions.lengths(maxRows),
            arena);
    this.logits =
        Tensor.allocate(device, Usage.STATE, arena, DType.F32, Shape.of(maxRows, d.vocabulary()));
    this.ranking = new TokenRanking(ops, workspace, logits, arena);
  }

  private DeviceInts ints(int n) {
    return new DeviceInts(ops.queue(), n, arena);
  }

  private Tensor table(int n) {
    return blockTable.first(n * pages.blocks()).reshape(n, pages.blocks());
  }

  /** Goes through the largest steps, so that a stand-in for the device sees what they take. */
  void rehearse() {
    int longest = Math.min(chunk, context);
    begin(List.of(new int[longest]), () -> false);
    logProbs(List.of(new int[longest]), () -> false);
    int each = Math.clamp(chunk / maxRows, 1, context);
    begin(Collections.nCopies(maxRows, new int[each]), () -> false);
    for (int n : new int[] {1, maxRows}) {
      begin(Collections.nCopies(n, new int[1]), () -> false);
      if (context > 1) {
        step(IntStream.range(0, n).toArray(), new int[n]);
      }
      ranking.rank(n, 1, new int[n][1], false);
    }
  }

  int rows() {
    return rows;
  }

  /** Pages that rows refer to. */
  int usedPages() {
    return pages.pages() - pages.freePages();
  }

  TokenRanking ranking() {
    return ranking;
  }

  /** See {@link BatchDecoder#begin}. */
  void begin(List<int[]> prompts, BooleanSupplier cancelled) {
    requireFit(prompts);
    rows = prompts.size();
    origins = IntStream.range(0, rows).toArray();
    pages.begin(rows);
    model.follow(origins, rows);
    RaggedChunks chunks = new RaggedChunks(prompts, chunk);
    while (!cancelled.getAsBoolean() && chunks.next()) {
      Tensor ends = lastRows.set(chunks.lasts, chunks.ended);
      feed(chunks, Optional.of(ends), logits.rows(chunks.firstEnded, chunks.ended));
    }
  }

  /** See {@link BatchDecoder#logProbs}. */
  float[][] logProbs(List<int[]> sequences, BooleanSupplier cancelled) {
    requireFit(sequences);
    rows = sequences.size();
    origins = IntStream.range(0, rows).toArray();
    pages.begin(rows);
    model.follow(origins, rows);
    float[][] found = sequences.stream().map(s -> new float[s.length - 1]).toArray(float[][]::new);
    RaggedChunks chunks = new RaggedChunks(sequences, maxRows);
    while (!cancelled.getAsBoolean() && chunks.next()) {
      feed(chunks, Optional.empty(), logits.rows(0, chunks.tokens));
      MemorySegment values = ranking.logProbs(chunks.tokens);
      for (int r = 0; r < rows; r++) {
        for (int i = chunks.offsets[r]; i < chunks.offsets[r + 1]; i++) {
          int next = chunks.positions[i] + 1;
          if (next < sequences.get(r).length) {
            long at = i * logits.shape().dim(1) + sequences.get(r)[next];
            found[r][next - 1] = values.getAtIndex(ValueLayout.JAVA_FLOAT, at);
          }
        }
      }
    }
    return found;
  }

  /** Runs a chunk of prompts. */
  private void feed(RaggedChunks chunks, Optional<Tensor> wanted, Tensor out) {
    for (int r = 0; r < rows; r++) {
      pages.extend(r, chunks.lengths[r] - pages.filled(r));
    }
    uploadTable();
    positions.set(chunks, rows);
    int longest = Arrays.stream(chunks.lengths).max().orElse(0);
    Sequences seq =
        new Sequences(
            offsets.set(chunks.offsets, rows + 1),
            positions.starts(rows),
            chunks.maxQueries,
            longest);
    Batch batch =
        new Batch(
            chunkIds.set(chunks.ids, chunks.tokens),
            chunkPositions.set(chunks.positions, chunks.tokens),
            seq);
    KvCache view = cache.with(table(rows), positions.lengths(rows));
    model.forward(ops, workspace, batch, view, wanted, out);
    ops.queue().synchronize();
  }

  /** See {@link BatchDecoder#step}. */
  void step(int[] parents, int[] next) {
    int[] filled = Arrays.stream(parents).map(pages::filled).toArray();
    requireRoom(filled);
    pages.select(parents, this::copyRows);
    rows = parents.length;
    origins = Arrays.stream(parents).map(p -> origins[p]).toArray();
    for (int r = 0; r < rows; r++) {
      pages.extend(r, 1);
    }
    int bucket = bucket(rows);
    uploadTable();
    ids.set(Arrays.copyOf(next, bucket), bucket);
    positions.set(filled, bucket);
    offsets.set(IntStream.rangeClosed(0, bucket).toArray(), bucket + 1);
    int[] prompts = Arrays.copyOf(origins, bucket);
    Arrays.fill(prompts, rows, bucket, -1);
    model.follow(prompts, bucket);
    steps.computeIfAbsent(bucket, b -> ops.record(to -> oneToken(to, b))).replay();
    positions.advanced(rows);
  }

  /** A token of each of b rows; then positions and lengths move on, on the device. */
  private void oneToken(Ops to, int b) {
    Sequences seq = new Sequences(offsets.first(b + 1), positions.starts(b), 1, context);
    Batch batch = new Batch(ids.first(b), positions.positions(b), seq);
    KvCache view = cache.with(table(b), positions.lengths(b));
    model.forward(to, workspace, batch, view, Optional.empty(), logits.rows(0, b));
    positions.advance(to, b);
  }

  private int bucket(int n) {
    return Math.min(maxRows, n == 1 ? 1 : Integer.highestOneBit(n - 1) << 1);
  }

  private void uploadTable() {
    int[] table = new int[rows * pages.blocks()];
    for (int r = 0; r < rows; r++) {
      for (int b = 0; b * PAGE_SIZE < pages.filled(r); b++) {
        table[r * pages.blocks() + b] = pages.page(r, b);
      }
    }
    blockTable.set(table, table.length);
  }

  private void copyRows(int from, int to, int count) {
    cache
        .layers()
        .forEach(
            layer -> {
              for (Tensor all : List.of(layer.kPages(), layer.vPages())) {
                Shape s = all.shape();
                Tensor flat = all.reshape(s.dim(0) * s.dim(1), s.dim(2), s.dim(3));
                ops.run(
                    new Op.Copy(
                        flat.rows((long) to * PAGE_SIZE, count),
                        flat.rows((long) from * PAGE_SIZE, count)));
              }
            });
  }

  private void requireRoom(int[] filled) {
    if (Arrays.stream(filled).anyMatch(n -> n == context)) {
      throw new IllegalArgumentException("the context of %d tokens is full".formatted(context));
    }
  }

  private void requireFit(List<int[]> prompts) {
    if (prompts.isEmpty() || prompts.size() > maxRows) {
      throw new IllegalArgumentException(
          "%d sequences at once: want 1 to %d".formatted(prompts.size(), maxRows));
    }
    for (int[] prompt : prompts) {
      if (prompt.length < 1 || prompt.length > context) {
        throw new IllegalArgumentException(
            "a sequence of %d tokens: want 1 to %d".formatted(prompt.length, context));
      }
    }
  }

  @Override
  public void close() {
    steps.values().forEach(Recording::close);
  }
}
