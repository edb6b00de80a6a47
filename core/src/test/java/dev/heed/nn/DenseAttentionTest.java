package dev.heed.nn;

import static dev.heed.Close.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.OnDevice;
import dev.heed.Shared;
import dev.heed.checkpoint.Safetensors;
import dev.heed.op.Bias;
import dev.heed.op.Normalizer;
import dev.heed.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scaled dot-product attention against its definition in F64 and against PyTorch. */
class DenseAttentionTest {
  private static final double NONE = Double.NEGATIVE_INFINITY;
  private static OnDevice on;

  @BeforeAll
  static void open() {
    on = new OnDevice();
  }

  @AfterAll
  static void close() {
    on.close();
  }

  private static DenseAttention of(int keyDim) {
    return new DenseAttention(ScaledDotProductAttention.of(keyDim));
  }

  private static void check(AttentionReference r, DenseAttention attention) {
    r.compute();
    Tensor q = on.floats(r.q, r.batch, r.heads, r.queries, r.keyDim);
    Tensor k = on.floats(r.k, r.batch, r.kvHeads, r.keys, r.keyDim);
    Tensor v = on.floats(r.v, r.batch, r.kvHeads, r.keys, r.valueDim);
    long mark = on.workspace().mark();
    Attended got = attention.attendWithWeights(on.ops(), on.workspace(), q, k, v);
    assertClose(r.out, on.values(got.output()), 1e-6);
    assertClose(r.weights, on.values(got.weights()), 1e-6);
    Tensor alone = attention.attend(on.ops(), on.workspace(), q, k, v);
    assertClose(r.out, on.values(alone), 1e-6);
    on.workspace().release(mark);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1, 1, 1, 1",
    "2, 3, 3, 7, 7, 16, 16", // self
    "2, 4, 4, 5, 19, 8, 24", // cross, d_v unlike d_k
    "3, 4, 2, 1, 33, 40, 40", // one query, grouped heads
    "1, 6, 1, 17, 9, 3, 5"
  })
  void attends(int b, int h, int kh, int queries, int keys, int keyDim, int valueDim) {
    check(new AttentionReference(b, h, kh, queries, keys, keyDim, valueDim), of(keyDim));
  }

  @ParameterizedTest
  @CsvSource({"6, 6", "3, 8"})
  void causal(int queries, int keys) {
    AttentionReference r = new AttentionReference(2, 2, 2, queries, keys, 8, 8);
    r.added = (b, h, i, j) -> j <= i ? 0 : NONE;
    check(r, new DenseAttention(ScaledDotProductAttention.of(8).withCausal()));
  }

  @Test
  void causalIsTheUpperTriangularMask() {
    AttentionReference r = new AttentionReference(2, 2, 2, 6, 6, 8, 8);
    r.added = (b, h, i, j) -> j <= i ? 0 : NONE;
    double[] mask = new double[36];
    Arrays.setAll(mask, n -> n % 6 <= n / 6 ? 0 : NONE);
    check(r, of(8).withMask(on.floats(mask, 6, 6)));
  }

  @Test
  void padding() {
    int[] lengths = {9, 1, 4};
    AttentionReference r = new AttentionReference(3, 2, 2, 5, 9, 8, 8);
    r.added = (b, h, i, j) -> j < lengths[b] ? 0 : NONE;
    check(r, of(8).withLengths(lengths));
  }

  /** Every shape that broadcasts to [2, 3, 2, 7], those that fit another one's size included. */
  @ParameterizedTest
  @CsvSource({
    "1, 1, 2, 7",
    "2, 1, 2, 7",
    "1, 3, 2, 7",
    "2, 3, 2, 7",
    "2, 1, 1, 7",
    "1, 1, 1, 7",
    "1, 1, 2, 1",
    "2, 3, 1, 1"
  })
  void masksBroadcast(int mb, int mh, int mq, int mk) {
    double[] mask = AttentionReference.normal(new Random(3), mb * mh * mq * mk);
    AttentionReference r = new AttentionReference(2, 3, 3, 2, 7, 8, 8);
    r.added = (b, h, i, j) -> mask[((b % mb * mh + h % mh) * mq + i % mq) * mk + j % mk];
    check(r, of(8).withMask(on.floats(mask, mb, mh, mq, mk)));
  }

  @Test
  void aMaskOfAllQueriesAndKeys() {
    double[] mask = AttentionReference.normal(new Random(3), 5 * 7);
    AttentionReference r = new AttentionReference(2, 3, 3, 5, 7, 8, 8);
    r.added = (b, h, i, j) -> mask[i * 7 + j];
    check(r, of(8).withMask(on.floats(mask, 5, 7)));
  }

  @Test
  void aQueryThatSeesNothingGivesZeros() {
    AttentionReference r = new AttentionReference(2, 2, 2, 3, 4, 8, 8);
    r.added = (b, h, i, j) -> i == 1 ? NONE : 0;
    double[] mask = new double[12];
    Arrays.fill(mask, 4, 8, NONE);
    check(r, of(8).withMask(on.floats(mask, 3, 4)));
    assertTrue(Arrays.stream(r.out, 8, 16).allMatch(x -> x == 0));

    r.added = (b, h, i, j) -> b == 1 ? NONE : 0;
    check(r, of(8).withLengths(4, 0));
  }

  @Test
  void otherScaleAndNormalizer() {
    AttentionReference r = new AttentionReference(2, 2, 2, 5, 6, 8, 8);
    r.scale = 1;
    check(r, new DenseAttention(ScaledDotProductAttention.of(8).withScale(1)));
    r.relu = true;
    check(
        r,
        new DenseAttention(
            ScaledDotProductAttention.of(8).withScale(1).withNormalizer(Normalizer.RELU)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0_none",
        "1_causal",
        "2_none",
        "3_padding",
        "4_causal",
        "5_additive",
      })
  void pyTorch(String name) {
    var file = Shared.require("golden/pytorch/attention_" + name + ".safetensors");
    try (Safetensors golden = Safetensors.open(file)) {
      Tensor q = load(golden, "q");
      Tensor k = load(golden, "k");
      Tensor v = load(golden, "v");
      int dim = (int) q.shape().dim(3);
      check(golden, of(dim), q, k, v, name.contains("none"));
      if (name.contains("causal")) {
        check(
            golden,
            new DenseAttention(ScaledDotProductAttention.of(dim).withCausal()),
            q,
            k,
            v,
            true);
      }
      if (!name.contains("none")) {
        check(golden, of(dim).withMask(load(golden, "mask")), q, k, v, true);
      }
      if (!name.contains("additive")) {
        int[] lengths =
            Arrays.stream(OnDevice.values(golden.tensors().get("kv_lengths")))
                .mapToInt(n -> (int) n)
                .toArray();
        check(golden, of(dim).withLengths(lengths), q, k, v, !name.contains("causal"));
      }
    }
  }

  /** Equal where the settings are the file's, otherwise different. */
  private static void check(
      Safetensors golden, DenseAttention attention, Tensor q, Tensor k, Tensor v, boolean equal) {
    long mark = on.workspace().mark();
    Attended got = attention.attendWithWeights(on.ops(), on.workspace(), q, k, v);
    double out = distance(on.values(got.output()), OnDevice.values(golden.tensors().get("out")));
    double weights =
        distance(on.values(got.weights()), OnDevice.values(golden.tensors().get("weights")));
    assertEquals(equal, out <= 1e-5 && weights <= 1e-5, out + ", weights " + weights);
    on.workspace().release(mark);
  }

  private static double distance(double[] a, double[] b) {
    assertEquals(b.length, a.length);
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }

  private static Tensor load(Safetensors golden, String name) {
    var t = golden.tensors().get(name);
    return on.floats(OnDevice.values(t), t.shape().toArray());
  }

  /** One key, so each weight is 1: with dropout 0 or 1 / (1 - p), while the weights told stay 1. */
  @Test
  void dropoutOfTheWeights() {
    int n = 16 * 8 * 32;
    double[] ones = new double[n];
    Arrays.fill(ones, 1);
    DenseAttention attention =
        new DenseAttention(
            ScaledDotProductAttention.of(1)
                .withDropout(new dev.heed.op.Random(0.25f, on.ints(5, 0, 0))));
    Attended got =
        attention.attendWithWeights(
            on.ops(),
            on.workspace(),
            on.floats(ones, 16, 8, 32, 1),
            on.floats(Arrays.copyOf(ones, 16 * 8), 16, 8, 1, 1),
            on.floats(Arrays.copyOf(ones, 16 * 8), 16, 8, 1, 1));
    assertArrayEquals(ones, on.values(got.weights()));
    double[] out = on.values(got.output());
    long dropped = Arrays.stream(out).filter(x -> x == 0).count();
    // 5 standard deviations of a binomial distribution
    assertEquals(n * 0.25, dropped, 5 * Math.sqrt(n * 0.25 * 0.75));
    assertEquals(n - dropped, Arrays.stream(out).filter(x -> x == 1 / 0.75f).count());
  }

  @Test
  void badInput() {
    Tensor q = on.floats(2, 4, 5, 8);
    Tensor k = on.floats(2, 3, 7, 8);
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> of(8).attend(on.ops(), on.workspace(), q, k, k))
            .getMessage();
    assertTrue(message.contains("q [2, 4, 5, 8] k [2, 3, 7, 8]"), message);
    assertThrows(
        IllegalArgumentException.class,
        () -> of(8).withLengths(6, 1).attend(on.ops(), on.workspace(), q, q, q));
    assertThrows(
        IllegalArgumentException.class,
        () -> of(8).withMask(k).attend(on.ops(), on.workspace(), q, q, q));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new DenseAttention(
                ScaledDotProductAttention.of(8).withBias(new Bias.Alibi(on.floats(4)))));
  }
}
