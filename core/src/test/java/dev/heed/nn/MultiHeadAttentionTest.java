package dev.heed.nn;

import static dev.heed.Close.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.OnDevice;
import dev.heed.Shared;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Safetensors;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.NormKind;
import dev.heed.op.Probe;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Multi-head attention, to itself and to another sequence. */
class MultiHeadAttentionTest {
  private static final int WIDTH = 24;
  private static final int HEADS = 3;
  private static final int DIM = WIDTH / HEADS;
  private static OnDevice on;

  @TempDir static Path folder;

  private static Safetensors parameters;

  @BeforeAll
  static void open() {
    on = new OnDevice();
    Map<String, CheckpointTensor> all = new TreeMap<>();
    put(all, "in_proj_weight", 3 * WIDTH, WIDTH);
    put(all, "in_proj_bias", 3 * WIDTH);
    put(all, "out_proj.weight", WIDTH, WIDTH);
    put(all, "out_proj.bias", WIDTH);
    put(all, "other.q_proj_weight", WIDTH, WIDTH);
    put(all, "other.k_proj_weight", WIDTH, 10);
    put(all, "other.v_proj_weight", WIDTH, 10);
    put(all, "other.in_proj_bias", 3 * WIDTH);
    put(all, "other.out_proj.weight", WIDTH, WIDTH);
    Path file = folder.resolve("attention.safetensors");
    Safetensors.write(file, all, Map.of());
    parameters = Safetensors.open(file);
  }

  @AfterAll
  static void close() {
    parameters.close();
    on.close();
  }

  private static void put(Map<String, CheckpointTensor> all, String name, long... dims) {
    Shape shape = Shape.of(dims);
    Random random = new Random(name.hashCode());
    float[] values = new float[(int) shape.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * 0.3f;
    }
    all.put(
        name,
        new CheckpointTensor(
            name, DType.F32, shape, Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values)));
  }

  /** Sequences of 7 and 4 rows of random vectors. */
  private static final int[] LENGTHS = {7, 4};

  private static Ragged within() {
    return ragged(LENGTHS);
  }

  private static Ragged ragged(int... lengths) {
    int[] offsets = new int[lengths.length + 1];
    for (int b = 0; b < lengths.length; b++) {
      offsets[b + 1] = offsets[b] + lengths[b];
    }
    Tensor starts = on.ints(offsets);
    int longest = Arrays.stream(lengths).max().orElseThrow();
    return new Ragged(
        on.ints(Arrays.stream(lengths).flatMap(n -> IntStream.range(0, n)).toArray()),
        new Sequences(starts, on.ints(new int[lengths.length]), longest, longest),
        starts.rows(0, lengths.length),
        on.ints(lengths));
  }

  private static double[] normal(int n) {
    return AttentionReference.normal(new Random(n), n);
  }

  private static double[] selfAttention(MultiHeadAttention attention, Tensor x) {
    Tensor out = on.floats(new double[(int) x.shape().elements()], x.shape().toArray());
    attention.addRagged(on.ops(), on.workspace(), out, x, within());
    return on.values(out);
  }

  /** n heads of one projection each, concatenated and projected, computed in F64. */
  private static double[] separateHeads(
      double[] x, int[] lengths, double scale, AttentionReference.Added added) {
    double[] w = value("in_proj_weight");
    double[] b = value("in_proj_bias");
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
      double[] wo = value("out_proj.weight");
      double[] bo = value("out_proj.bias");
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

  private static double[] value(String name) {
    return OnDevice.values(parameters.tensors().get(name));
  }

  private static MultiHeadAttention load(ScaledDotProductAttention attention) {
    return MultiHeadAttention.ofTorch(on.loader(parameters), WIDTH, HEADS, attention);
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
    Bias bias = Alibi.bias(on.loader(parameters), HEADS);
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
    Rotary rotary =
        new Rotary(on.loader(parameters).upload(() -> table.compute(8), 8, 2, DIM / 2), false);
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

  @ParameterizedTest
  @ValueSource(strings = {"0_self", "1_causal", "2_cross"})
  void pyTorch(String name) {
    Path file = Shared.require("golden/pytorch/mha_" + name + ".safetensors");
    try (Safetensors golden = Safetensors.open(file)) {
      int heads = Integer.parseInt(golden.metadata().get("heads"));
      Shape q = golden.tensors().get("query").shape();
      Shape kv = golden.tensors().get("key_value").shape();
      Tensor out = on.floats(new double[(int) q.elements()], q.dim(0) * q.dim(1), q.dim(2));
      List<Tensor> weights = new ArrayList<>();
      Probe probe =
          new Probe() {
            @Override
            public Optional<Tensor> weights(Stage stage, long queries, int h, int maxKeys) {
              weights.add(on.floats(queries, h, maxKeys));
              return Optional.of(weights.getLast());
            }
          };
      run(golden, name, heads, q, kv, out, probe);
      assertClose(OnDevice.values(golden.tensors().get("out")), on.values(out), 1e-5);
      assertClose(
          OnDevice.values(golden.tensors().get("attention_weights")),
          headsFirst(on.values(weights.getFirst()), q, kv, heads),
          1e-5);
      assertEquals(1, weights.size());
    }
  }

  private static void run(
      Safetensors golden, String name, int heads, Shape q, Shape kv, Tensor out, Probe probe) {
    int width = (int) q.dim(2);
    Tensor x = on.floats(OnDevice.values(golden.tensors().get("query")), out.shape().toArray());
    Ragged rows = ragged(fill((int) q.dim(0), (int) q.dim(1)));
    if (!name.contains("cross")) {
      ScaledDotProductAttention attention = ScaledDotProductAttention.of(width / heads);
      MultiHeadAttention.ofTorch(
              on.loader(golden),
              width,
              heads,
              name.contains("causal") ? attention.withCausal() : attention)
          .addRagged(on.ops(probe), on.workspace(), out, x, rows);
      return;
    }
    Tensor memory =
        on.floats(
            OnDevice.values(golden.tensors().get("key_value")), kv.dim(0) * kv.dim(1), kv.dim(2));
    CrossAttention cross = CrossAttention.ofTorch(on.loader(golden), width, width, heads);
    attend(cross, probe, out, x, rows, memory, ragged(fill((int) kv.dim(0), (int) kv.dim(1))));
  }

  private static void attend(
      CrossAttention cross,
      Probe probe,
      Tensor out,
      Tensor x,
      Ragged rows,
      Tensor memory,
      Ragged sources) {
    CrossCache cache =
        CrossCache.allocate(
            on.device(),
            1,
            Shape.of(memory.shape().dim(0), cross.heads().kvCount(), cross.heads().dim()),
            DType.F32,
            sources.starts(),
            sources.lengths(),
            sources.seq().maxKeys(),
            on.arena());
    cross.project(on.ops(), memory, cache.layers().getFirst());
    cross.addTo(
        on.ops(probe),
        on.workspace(),
        out,
        x,
        cache.sequences(rows.seq()),
        cache.layers().getFirst());
  }

  /** torch's kdim and vdim: weights of their own for keys and values of another width. */
  @Test
  void aSourceOfAnotherWidth() {
    int[] sources = {5, 2};
    double[] memory = normal(7 * 10);
    double[] x = normal(11 * WIDTH);
    Tensor out = on.floats(new double[11 * WIDTH], 11, WIDTH);
    CrossAttention cross =
        CrossAttention.ofTorch(on.loader(parameters).at("other"), WIDTH, 10, HEADS);
    attend(
        cross,
        Probe.NONE,
        out,
        on.floats(x, 11, WIDTH),
        within(),
        on.floats(memory, 7, 10),
        ragged(sources));
    double[] bias = value("other.in_proj_bias");
    double[] q = times(x, value("other.q_proj_weight"), Arrays.copyOf(bias, WIDTH), WIDTH);
    double[] k =
        times(memory, value("other.k_proj_weight"), Arrays.copyOfRange(bias, WIDTH, 2 * WIDTH), 10);
    double[] v =
        times(
            memory,
            value("other.v_proj_weight"),
            Arrays.copyOfRange(bias, 2 * WIDTH, 3 * WIDTH),
            10);
    double[] mixed = new double[11 * WIDTH];
    int row = 0;
    int source = 0;
    for (int s = 0; s < 2; s++) {
      for (int h = 0; h < HEADS; h++) {
        AttentionReference r = new AttentionReference(1, 1, 1, LENGTHS[s], sources[s], DIM, DIM);
        slice(q, row, h, r.q);
        slice(k, source, h, r.k);
        slice(v, source, h, r.v);
        r.compute();
        for (int i = 0; i < LENGTHS[s]; i++) {
          System.arraycopy(r.out, i * DIM, mixed, (row + i) * WIDTH + h * DIM, DIM);
        }
      }
      row += LENGTHS[s];
      source += sources[s];
    }
    double[] none = new double[WIDTH];
    assertClose(times(mixed, value("other.out_proj.weight"), none, WIDTH), on.values(out), 1e-5);
  }

  private static void slice(double[] all, int row, int head, double[] into) {
    for (int i = 0; i < into.length; i++) {
      into[i] = all[(row + i / DIM) * WIDTH + head * DIM + i % DIM];
    }
  }

  /** x [n, inputs] times w [WIDTH, inputs], plus b. */
  private static double[] times(double[] x, double[] w, double[] b, int inputs) {
    double[] y = new double[x.length / inputs * WIDTH];
    for (int i = 0; i < y.length; i++) {
      y[i] = b[i % WIDTH];
      for (int c = 0; c < inputs; c++) {
        y[i] += w[i % WIDTH * inputs + c] * x[i / WIDTH * inputs + c];
      }
    }
    return y;
  }

  private static int[] fill(int count, int value) {
    int[] all = new int[count];
    Arrays.fill(all, value);
    return all;
  }

  /** [batch queries, heads, keys] as [batch, heads, queries, keys]. */
  private static double[] headsFirst(double[] rows, Shape q, Shape kv, int heads) {
    int queries = (int) q.dim(1);
    int keys = (int) kv.dim(1);
    double[] all = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      int key = i % keys;
      int head = i / keys % heads;
      int row = i / keys / heads;
      all[((row / queries * heads + head) * queries + row % queries) * keys + key] = rows[i];
    }
    return all;
  }
}
