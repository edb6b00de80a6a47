package dev.heed.nn;

import static dev.heed.Close.assertClose;
import static dev.heed.nn.AttentionRig.DIM;
import static dev.heed.nn.AttentionRig.HEADS;
import static dev.heed.nn.AttentionRig.LENGTHS;
import static dev.heed.nn.AttentionRig.WIDTH;
import static dev.heed.nn.AttentionRig.normal;

import dev.heed.OnDevice;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.NormKind;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Multi-head self-attention, against heads of their own in F64 and with the cache. */
class MultiHeadAttentionTest {
  private static AttentionRig rig;
  private static OnDevice on;

  @BeforeAll
  static void open(@TempDir Path folder) {
    rig = new AttentionRig(folder);
    on = rig.on;
  }

  @AfterAll
  static void close() {
    rig.close();
  }

  private static double[] selfAttention(MultiHeadAttention attention, Tensor x) {
    Tensor out = on.floats(new double[(int) x.shape().elements()], x.shape().toArray());
    attention.addRagged(on.ops(), on.workspace(), out, x, AttentionRig.ragged(on, LENGTHS));
    return on.values(out);
  }

  /** n heads of one projection each, concatenated and projected, computed in F64. */
  private static double[] separateHeads(
      double[] x, int[] lengths, double scale, AttentionReference.Added added) {
    double[] w = rig.value("in_proj_weight");
    double[] b = rig.value("in_proj_bias");
    double[] out = new double[x.length];
    int row = 0;
    for (int s = 0; s < lengths.length; s++) {
      int n = lengths[s];
      double[] concat = new double[n * WIDTH];
      for (int h = 0; h < HEADS; h++) {
        AttentionReference head = new AttentionReference(1, 1, 1, n, n, DIM, DIM);
        project(head.q, x, row, n, w, b, h * DIM);
        project(head.k, x, row, n, w, b, WIDTH + h * DIM);
        project(head.v, x, row, n, w, b, 2 * WIDTH + h * DIM);
        int of = h;
        head.scale = scale;
        head.added = (batch, one, i, j) -> added.at(batch, of, i, j);
        head.compute();
        for (int i = 0; i < n; i++) {
          System.arraycopy(head.out, i * DIM, concat, i * WIDTH + h * DIM, DIM);
        }
      }
      double[] wo = rig.value("out_proj.weight");
      double[] bo = rig.value("out_proj.bias");
      for (int i = 0; i < n; i++) {
        for (int c = 0; c < WIDTH; c++) {
          double y = bo[c];
          for (int d = 0; d < WIDTH; d++) {
            y += wo[c * WIDTH + d] * concat[i * WIDTH + d];
          }
          out[(row + i) * WIDTH + c] = y;
        }
      }
      row += n;
    }
    return out;
  }

  /** y [n, DIM] = x [row.., WIDTH] times DIM rows of w from {@code from}, plus b. */
  private static void project(
      double[] y, double[] x, int row, int n, double[] w, double[] b, int from) {
    for (int i = 0; i < n; i++) {
      for (int d = 0; d < DIM; d++) {
        double sum = b[from + d];
        for (int c = 0; c < WIDTH; c++) {
          sum += w[(from + d) * WIDTH + c] * x[(row + i) * WIDTH + c];
        }
        y[i * DIM + d] = sum;
      }
    }
  }

  private static MultiHeadAttention load(ScaledDotProductAttention attention) {
    return MultiHeadAttention.ofTorch(rig.loader(), WIDTH, HEADS, attention);
  }

  @Test
  void equalsSeparateHeads() {
    double[] x = normal(11 * WIDTH);
    assertClose(
        separateHeads(x, LENGTHS, 1 / Math.sqrt(DIM), (b, h, i, j) -> 0),
        selfAttention(load(ScaledDotProductAttention.of(DIM)), on.floats(x, 11, WIDTH)),
        1e-5);
  }

  @Test
  void alibi() {
    double[] x = normal(11 * WIDTH);
    Bias bias = Alibi.bias(rig.loader(), HEADS);
    float[] slopes = Alibi.slopes(HEADS);
    assertClose(
        separateHeads(
            x,
            LENGTHS,
            1 / Math.sqrt(DIM),
            (b, h, i, j) -> j <= i ? -slopes[h] * (i - j) : Double.NEGATIVE_INFINITY),
        selfAttention(
            load(ScaledDotProductAttention.of(DIM).withCausal().withBias(bias)),
            on.floats(x, 11, WIDTH)),
        1e-5);
  }

  /** T5: no scale, a learned bias for each distance; here 8 buckets, so 0 1 2-3 4.. each way. */
  @Test
  void relativePositions() {
    double[] x = normal(11 * WIDTH);
    double[] table = normal(8 * HEADS);
    Bias bias = new Bias.Relative(on.floats(table, 8, HEADS), true, 8);
    int[] bucket = {0, 1, 2, 2, 3, 3, 3};
    assertClose(
        separateHeads(
            x,
            LENGTHS,
            1,
            (b, h, i, j) -> table[((j > i ? 4 : 0) + bucket[Math.abs(j - i)]) * HEADS + h]),
        selfAttention(
            load(ScaledDotProductAttention.of(DIM).withScale(1).withBias(bias)),
            on.floats(x, 11, WIDTH)),
        1e-5);
  }

  @Test
  void cachedEqualsUncached() {
    checkCached(load(ScaledDotProductAttention.of(DIM).withCausal()));
  }

  /** Rotary positions and norms of heads are one op with a cache, and two without. */
  @Test
  void cachedEqualsUncachedWithRotaryPositions() {
    MultiHeadAttention plain = load(ScaledDotProductAttention.of(DIM).withCausal());
    RotaryTable table =
        new RotaryTable(10000, DIM, new RotaryTable.Scaling.None(), Optional.empty());
    Rotary rotary = new Rotary(rig.loader().upload(() -> table.compute(8), 8, 2, DIM / 2), false);
    Norm norm =
        new Norm(Optional.of(on.floats(normal(DIM), DIM)), Optional.empty(), 1e-6f, NormKind.RMS);
    for (Optional<Norm> heads : List.of(Optional.<Norm>empty(), Optional.of(norm))) {
      checkCached(
          new MultiHeadAttention(
              plain.qkv(),
              plain.output(),
              plain.heads(),
              plain.attention(),
              Optional.of(rotary),
              heads,
              heads));
    }
  }

  /** Through pages, in one step and token by token, as without a cache. */
  private static void checkCached(MultiHeadAttention attention) {
    Tensor x = on.floats(normal(11 * WIDTH), 11, WIDTH);
    double[] expected = selfAttention(attention, x);
    double[] once = new double[0];
    double[] stepwise = new double[0];
    int row = 0;
    for (int n : LENGTHS) {
      once = join(once, cached(attention, x.rows(row, n), n));
      stepwise = join(stepwise, cached(attention, x.rows(row, n), 1));
      row += n;
    }
    assertClose(expected, once, 1e-6);
    assertClose(expected, stepwise, 1e-6);
  }

  private static double[] join(double[] a, double[] b) {
    double[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  /** One sequence, so many rows a step. */
  private static double[] cached(MultiHeadAttention attention, Tensor x, int step) {
    int n = (int) x.shape().dim(0);
    KvCache cache =
        KvCache.allocate(
            on.device(),
            1,
            Shape.of(4, 3, HEADS, DIM),
            DType.F32,
            on.ints(2, 0, 3, 1).reshape(1, 4),
            on.ints(0),
            on.arena());
    double[] all = new double[0];
    for (int at = 0; at < n; at += step) {
      int[] positions = IntStream.range(at, at + step).toArray();
      Batch batch =
          new Batch(
              on.ints(new int[step]),
              on.ints(positions),
              new Sequences(on.ints(0, step), on.ints(at), step, at + step));
      Tensor out = on.floats(new double[step * WIDTH], step, WIDTH);
      KeyValues.Paged pages = cache.withLengths(on.ints(at + step)).layers().getFirst();
      attention.addCached(on.ops(), on.workspace(), out, x.rows(at, step), batch, pages);
      all = join(all, on.values(out));
    }
    return all;
  }
}
