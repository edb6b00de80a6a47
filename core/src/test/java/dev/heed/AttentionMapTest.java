package dev.heed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.Weights;
import dev.heed.device.Device;
import dev.heed.model.LlamaReference;
import dev.heed.op.Probe;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Attention maps and hidden states against forward passes in F64. */
class AttentionMapTest {
  private static final String TEXT = "attention is all you need";

  @TempDir Path folder;
  private static Device device;

  @BeforeAll
  static void open() {
    device = TestDevice.open();
  }

  @AfterAll
  static void close() {
    device.close();
  }

  @Test
  void anEncodersMapAndStatesAreTheReferences() throws IOException {
    TinyModel tiny = TinyModel.bert(folder);
    try (TextEncoder encoder = TextEncoder.load(tiny.write(), device);
        AttentionMap map = encoder.attention(TEXT);
        HiddenStates states = encoder.hiddenStates(TEXT)) {
      BertReference reference = new BertReference(tiny::tensor, 2, 4, ids(map.queries()));
      assertWeights(reference.weights(), map, 5e-6);
      assertStates(reference.states(), states, 1e-5);
      assertEquals(Probe.Stage.ENCODER, map.stage());
      assertEquals(Probe.Stage.ENCODER, states.stage());
    }
  }

  @Test
  void aDecodersMapAndStatesAreTheReferences() throws IOException {
    TinyModel tiny = TinyModel.llama(folder);
    try (CausalLm lm = CausalLm.load(tiny.write(), device);
        AttentionMap map = lm.attention(TEXT);
        HiddenStates states = lm.hiddenStates(TEXT)) {
      LlamaReference reference = new LlamaReference(tiny);
      reference.logits(ids(map.queries()));
      assertWeights(reference.weights(), map, 5e-6);
      assertStates(reference.states(), states, 1e-5);
      assertEquals(Probe.Stage.DECODER, map.stage());
      for (int q = 0; q < map.queries().size(); q++) {
        for (int k = q + 1; k < map.keys().size(); k++) {
          assertEquals(0, map.weight(1, 3, q, k), "the future");
        }
      }
    }
  }

  /** Longer than a chunk of a session and than a page of the cache. */
  @Test
  void aLongTextsMapIsTheReferences() throws IOException {
    TinyModel tiny = TinyModel.llama(folder).with("max_position_embeddings", 600);
    int[] ids = new int[600];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = i * 7 % TinyModel.VOCABULARY;
    }
    try (CausalLm lm = CausalLm.load(tiny.write(), device);
        AttentionMap map = lm.attention(ids)) {
      LlamaReference reference = new LlamaReference(tiny);
      reference.logits(ids);
      assertWeights(reference.weights(), map, 1e-5);
    }
  }

  @Test
  void miniLmsMapAndStatesAreTheReferences() throws IOException {
    Path path = Shared.require("models/all-MiniLM-L6-v2");
    String text = "Tom is going to fish at the river bank.";
    try (Checkpoint checkpoint = Checkpoint.open(path);
        TextEncoder encoder = TextEncoder.load(path, device);
        AttentionMap map = encoder.attention(text);
        HiddenStates states = encoder.hiddenStates(text)) {
      assertEquals(
          "[CLS] tom is going to fish at the river bank . [SEP]",
          String.join(" ", map.keys().stream().map(Token::text).toList()));
      Map<String, double[]> tensors = new HashMap<>();
      BertReference reference =
          new BertReference(
              name -> tensors.computeIfAbsent(name, n -> values(checkpoint, n)),
              6,
              12,
              ids(map.queries()));
      assertWeights(reference.weights(), map, 2e-6);
      assertStates(reference.states(), states, 2e-5);
    }
  }

  private static double[] values(Checkpoint checkpoint, String name) {
    float[] f32 = Weights.of(checkpoint).get(name).data().toArray(ValueLayout.JAVA_FLOAT);
    double[] f64 = new double[f32.length];
    for (int i = 0; i < f32.length; i++) {
      f64[i] = f32[i];
    }
    return f64;
  }

  private static int[] ids(List<Token> tokens) {
    return tokens.stream().mapToInt(Token::id).toArray();
  }

  private static void assertWeights(List<double[][][]> expected, AttentionMap map, double within) {
    int n = map.queries().size();
    assertEquals(expected.size(), map.layers());
    assertEquals(expected.getFirst().length, map.heads());
    for (int layer = 0; layer < map.layers(); layer++) {
      for (int q = 0; q < n; q++) {
        for (int head = 0; head < map.heads(); head++) {
          double sum = 0;
          for (int k = 0; k < n; k++) {
            double w = expected.get(layer)[head][q][k];
            assertEquals(w, map.weight(layer, head, q, k), within, layer + " " + head + " " + q);
            sum += map.weight(layer, head, q, k);
          }
          assertEquals(1, sum, 1e-5);
        }
      }
    }
  }

  private static void assertStates(List<double[][]> expected, HiddenStates states, double within) {
    assertEquals(expected.size(), states.states());
    for (int state = 0; state < states.states(); state++) {
      for (int token = 0; token < states.tokens().size(); token++) {
        float[] got = states.vector(state, token);
        double[] want = expected.get(state)[token];
        assertEquals(want.length, got.length);
        double largest = Arrays.stream(want).map(Math::abs).max().orElseThrow();
        for (int i = 0; i < got.length; i++) {
          assertEquals(want[i], got[i], within * largest, state + " " + token);
        }
      }
    }
  }

  @Test
  void rowsHeadsAndMeansAreTheSameNumbers() throws IOException {
    try (TextEncoder encoder = TextEncoder.load(TinyModel.bert(folder).write(), device);
        AttentionMap map = encoder.attention("abc")) {
      assertEquals(List.of("<s>", "a", "b", "c"), map.queries().stream().map(Token::text).toList());
      double sum = 0;
      for (int head = 0; head < 4; head++) {
        float weight = map.weight(1, head, 2, 3);
        assertEquals(weight, map.weights(1, head, 2)[3]);
        assertEquals(weight, map.head(1, head).getAtIndex(ValueLayout.JAVA_FLOAT, 2 * 4 + 3));
        sum += weight;
      }
      assertEquals(sum / 4, map.mean(1, 2, 3), 1e-7);
      for (int[] bad : new int[][] {{2, 0, 0, 0}, {0, 4, 0, 0}, {0, 0, 4, 0}, {0, 0, 0, -1}}) {
        assertThrows(
            IndexOutOfBoundsException.class, () -> map.weight(bad[0], bad[1], bad[2], bad[3]));
      }
    }
  }

  @Test
  void lookingChangesNothing() throws IOException {
    try (CausalLm lm = CausalLm.load(TinyModel.llama(folder).write(), device)) {
      Sampling greedy = Sampling.greedy().maxTokens(20);
      Generation before = lm.generate(TEXT, greedy, t -> {});
      lm.attention(TEXT).close();
      assertArrayEquals(before.tokens(), lm.generate(TEXT, greedy, t -> {}).tokens());
    }
  }

  @Test
  void aClosedMapIsGone() throws IOException {
    try (TextEncoder encoder = TextEncoder.load(TinyModel.bert(folder).write(), device)) {
      AttentionMap map = encoder.attention("abc");
      map.close();
      map.close();
      assertFalse(map.arena().scope().isAlive());
      assertThrows(IllegalStateException.class, () -> map.weight(0, 0, 0, 0));
    }
  }

  @Test
  void badTextsAreNamed() throws IOException {
    TextEncoder encoder = TextEncoder.load(TinyModel.bert(folder).write(), device);
    String message =
        assertThrows(IllegalArgumentException.class, () -> encoder.attention("a".repeat(32)))
            .getMessage();
    assertEquals("the text has 33 tokens, the model has positions for 32: shorten it", message);
    assertEquals(32, encoder.hiddenStates("a".repeat(31)).tokens().size());
    encoder.close();
    assertThrows(IllegalStateException.class, () -> encoder.attention("a"));
  }

  @Test
  void whatDoesNotFitIsRefusedWithThePlan() throws IOException {
    TinyModel tiny = TinyModel.llama(folder).with("num_attention_heads", 4);
    LoadOptions options = LoadOptions.defaults().context(200_000);
    try (CausalLm lm = CausalLm.load(tiny.write(), device, options)) {
      String message =
          assertThrows(
                  dev.heed.device.DeviceException.OutOfMemory.class,
                  () -> lm.attention(new int[200_000]))
              .getMessage();
      assertTrue(message.startsWith("attention maps needs ") && message.contains("state"), message);
    }
  }
}
