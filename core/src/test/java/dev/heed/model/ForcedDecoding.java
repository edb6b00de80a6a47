package dev.heed.model;

import dev.heed.OnDevice;
import dev.heed.nn.Batch;
import dev.heed.nn.CrossCache;
import dev.heed.nn.KvCache;
import dev.heed.op.Ops;
import dev.heed.op.Sequences;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Runs an encoder-decoder over ragged batches of sources and given targets, without a session: all
 * tokens of a target at once, or one by one with the cache.
 */
final class ForcedDecoding {
  /** Smaller than the targets, so that they cross pages. */
  private static final int PAGE = 4;

  private final OnDevice on;
  private final Ops ops;
  private final EncoderDecoderModel model;
  private final int targets;
  private final CrossCache cross;
  private final double[] memory;

  /** Encodes the sources. */
  ForcedDecoding(OnDevice on, Ops ops, EncoderDecoderModel model, List<int[]> sources) {
    this.on = on;
    this.ops = ops;
    this.model = model;
    this.targets = sources.size();
    Batch batch = batch(sources, new int[targets]);
    Tensor starts = batch.seq().queryOffsets().rows(0, targets);
    Tensor lengths = on.ints(sources.stream().mapToInt(s -> s.length).toArray());
    long rows = batch.tokens();
    Tensor x = on.floats(rows, model.encoder().hidden());
    model
        .encoder()
        .forward(
            ops,
            on.workspace(),
            new EncoderModel.Input(
                batch.ids(),
                batch.positions(),
                on.ints(new int[(int) rows]),
                batch.seq(),
                starts,
                lengths),
            x);
    this.memory = on.values(x);
    DecoderModel.Dimensions d = model.decoder();
    this.cross =
        CrossCache.allocate(
            on.device(),
            d.layers(),
            Shape.of(rows, d.kvHeads(), d.headDim()),
            on.workspace().compute(),
            starts,
            lengths,
            batch.seq().maxKeys(),
            on.arena());
    model.project(ops, on.workspace(), x, cross);
  }

  /** [tokens of all sources, hidden]: what the encoder made of them. */
  double[] memory() {
    return memory;
  }

  /** Logits after each token of each target, all tokens in one step. */
  double[][][] logits(List<int[]> forced) {
    KvCache cache = cache(forced);
    double[] all = step(forced, new int[targets], cache);
    double[][][] logits = new double[targets][][];
    int from = 0;
    for (int b = 0; b < targets; b++) {
      logits[b] = rows(all, from, forced.get(b).length);
      from += forced.get(b).length;
    }
    return logits;
  }

  /** The same, one token a step; a target that has ended is left out of the batch's rows. */
  double[][][] logitsOneByOne(List<int[]> forced) {
    KvCache cache = cache(forced);
    double[][][] logits = new double[targets][][];
    Arrays.setAll(logits, b -> new double[forced.get(b).length][]);
    int longest = forced.stream().mapToInt(t -> t.length).max().orElseThrow();
    for (int i = 0; i < longest; i++) {
      int at = i;
      int[] start = new int[targets];
      Arrays.fill(start, i);
      List<int[]> tokens =
          forced.stream().map(t -> at < t.length ? new int[] {t[at]} : new int[0]).toList();
      double[] all = step(tokens, start, cache);
      int row = 0;
      for (int b = 0; b < targets; b++) {
        if (i < forced.get(b).length) {
          logits[b][i] = rows(all, row++, 1)[0];
        }
      }
    }
    return logits;
  }

  private double[] step(List<int[]> tokens, int[] start, KvCache cache) {
    Batch batch = batch(tokens, start);
    int[] filled = new int[targets];
    Arrays.setAll(filled, b -> start[b] + tokens.get(b).length);
    Tensor out = on.floats(batch.tokens(), model.decoder().vocabulary());
    KvCache now = cache.withLengths(on.ints(filled));
    model.decode(ops, on.workspace(), batch, now, cross, Optional.empty(), out);
    return on.values(out);
  }

  private Batch batch(List<int[]> tokens, int[] start) {
    int[] offsets = new int[targets + 1];
    for (int b = 0; b < targets; b++) {
      offsets[b + 1] = offsets[b] + tokens.get(b).length;
    }
    int longest = tokens.stream().mapToInt(t -> t.length).max().orElseThrow();
    int last = Arrays.stream(start).max().orElseThrow();
    return new Batch(
        on.ints(tokens.stream().flatMapToInt(Arrays::stream).toArray()),
        on.ints(
            IntStream.range(0, targets)
                .flatMap(b -> IntStream.range(start[b], start[b] + tokens.get(b).length))
                .toArray()),
        new Sequences(on.ints(offsets), on.ints(start), longest, last + longest));
  }

  /** Pages of each target, those of different targets mixed. */
  private KvCache cache(List<int[]> forced) {
    int blocks = Math.ceilDiv(forced.stream().mapToInt(t -> t.length).max().orElseThrow(), PAGE);
    int[] table = new int[targets * blocks];
    Arrays.setAll(table, i -> i % blocks * targets + i / blocks);
    DecoderModel.Dimensions d = model.decoder();
    return KvCache.allocate(
        on.device(),
        d.layers(),
        Shape.of((long) targets * blocks, PAGE, d.kvHeads(), d.headDim()),
        on.workspace().compute(),
        on.ints(table).reshape(targets, blocks),
        on.ints(new int[targets]),
        on.arena());
  }

  private double[][] rows(double[] all, int from, int count) {
    int width = model.decoder().vocabulary();
    double[][] rows = new double[count][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(all, (from + i) * width, (from + i + 1) * width));
    return rows;
  }
}
