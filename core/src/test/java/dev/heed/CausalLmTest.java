package dev.heed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.Generation.Stop;
import dev.heed.checkpoint.CheckpointException;
import dev.heed.device.Device;
import dev.heed.device.DeviceException;
import dev.heed.model.ConfigException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CausalLmTest {
  @TempDir static Path folder;
  private static Device device;
  private static CausalLm lm;

  @BeforeAll
  static void load() throws IOException {
    device = TestDevice.open();
    lm = CausalLm.load(TinyModel.llama(folder).write(), device, LoadOptions.defaults().context(64));
  }

  @AfterAll
  static void close() {
    lm.close();
    lm.close();
    device.close();
  }

  private static final Sampling GREEDY = Sampling.greedy().maxTokens(20);

  private static Generation generate(String prompt, Sampling sampling) {
    return lm.generate(prompt, sampling, t -> {});
  }

  @Test
  void streamsTheTextItReturns() {
    StringBuilder text = new StringBuilder();
    List<Integer> ids = new ArrayList<>();
    Generation g =
        lm.generate(
            "hello there",
            GREEDY,
            t -> {
              text.append(t.text());
              ids.add(t.id());
            });
    assertEquals(g.text(), text.toString());
    assertArrayEquals(ids.stream().mapToInt(i -> i).toArray(), g.tokens());
    assertEquals(12, g.promptTokens().length, "<s> and eleven letters");
  }

  /**
   * The recorded decode step, with its positions on the device, against one step over the whole
   * text.
   */
  @Test
  void decodingWithTheCacheEqualsDecodingWithoutIt() {
    int[] prompt = lm.encode("the cat");
    Generation g = lm.generate(prompt, GREEDY, t -> {}, () -> false);
    int[] all = Arrays.copyOf(prompt, prompt.length + g.tokens().length);
    System.arraycopy(g.tokens(), 0, all, prompt.length, g.tokens().length);
    try (Arena arena = Arena.ofConfined()) {
      float[] logits = lm.logits(all, arena).toArray(ValueLayout.JAVA_FLOAT);
      for (int i = 0; i < g.tokens().length; i++) {
        int row = (prompt.length + i - 1) * lm.vocabularySize();
        int best = 0;
        for (int j = 1; j < lm.vocabularySize(); j++) {
          best = logits[row + j] > logits[row + best] ? j : best;
        }
        assertEquals(best, g.tokens()[i], "token " + i);
      }
    }
  }

  @Test
  void theSameSeedGivesTheSameText() {
    Sampling s = GREEDY.temperature(1).seed(5);
    assertEquals(generate("a", s).text(), generate("a", s).text());
    assertFalse(generate("a", s).text().equals(generate("a", s.seed(6)).text()));
  }

  @Test
  void stops() {
    Generation free = generate("abc", GREEDY.temperature(1).seed(3));
    assertEquals(Stop.LENGTH, free.stop());
    String stop = free.text().substring(4, 6);
    Generation g = generate("abc", GREEDY.temperature(1).seed(3).stopStrings(List.of(stop)));
    assertEquals(Stop.STRING, g.stop());
    assertEquals(free.text().substring(0, free.text().indexOf(stop)), g.text());
    int id = free.tokens()[7];
    Generation byId = generate("abc", GREEDY.temperature(1).seed(3).stopIds(Set.of(id)));
    assertEquals(Stop.END, byId.stop());
    assertTrue(byId.tokens().length <= 7);
  }

  @Test
  void theContextEndsTheText() {
    int[] prompt = new int[60];
    Arrays.fill(prompt, 5);
    Generation g = lm.generate(prompt, GREEDY, t -> {}, () -> false);
    assertEquals(Stop.CONTEXT, g.stop());
    assertEquals(5, g.tokens().length);
    int[] full = Arrays.copyOf(prompt, 64);
    assertEquals(1, lm.generate(full, GREEDY, t -> {}, () -> false).tokens().length);
  }

  @Test
  void theCallerCancels() {
    AtomicInteger count = new AtomicInteger();
    Generation g =
        lm.generate(
            lm.encode("abc"),
            GREEDY.temperature(1).seed(3),
            t -> count.incrementAndGet(),
            () -> count.get() >= 3);
    assertEquals(Stop.CANCELLED, g.stop());
    assertEquals(3, g.tokens().length);
    Generation none = lm.generate(lm.encode("abc"), GREEDY, t -> {}, () -> true);
    assertEquals(0, none.tokens().length);
  }

  @Test
  void anEmptyPromptIsTheBeginToken() {
    assertArrayEquals(new int[] {0}, generate("", GREEDY).promptTokens());
  }

  @Test
  void manyThreadsMayCall() throws Exception {
    String expected = generate("many threads", GREEDY).text();
    try (var pool = Executors.newFixedThreadPool(8)) {
      List<Callable<String>> calls = new ArrayList<>();
      for (int i = 0; i < 32; i++) {
        calls.add(() -> generate("many threads", GREEDY).text());
      }
      for (Future<String> f : pool.invokeAll(calls)) {
        assertEquals(expected, f.get());
      }
    }
  }

  @Test
  void badCallsAreNamed() {
    assertMessage("the prompt has 65 tokens, the context 64", () -> generateIds(new int[65]));
    assertMessage("no tokens", () -> generateIds(new int[0]));
    assertMessage("token 29: the vocabulary has ids 0 to 28", () -> generateIds(new int[] {29}));
    assertMessage("token -1", () -> generateIds(new int[] {-1}));
  }

  private static void generateIds(int[] ids) {
    lm.generate(ids, GREEDY, t -> {}, () -> false);
  }

  private static void assertMessage(String begin, Runnable call) {
    String got = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(got.startsWith(begin), got);
  }

  @Test
  void aClosedModelSaysSo(@TempDir Path other) throws IOException {
    CausalLm closed = CausalLm.load(TinyModel.llama(other).write(), device);
    closed.close();
    assertThrows(
        IllegalStateException.class,
        () -> closed.generate(new int[] {1}, GREEDY, t -> {}, () -> false));
  }

  @Test
  void loadingFailsWithOneLine(@TempDir Path other) throws IOException {
    String missing = "model.layers.1.mlp.up_proj.weight";
    TinyModel.llama(other).without(missing).write();
    String message =
        assertThrows(CheckpointException.class, () -> CausalLm.load(other, device)).getMessage();
    assertTrue(message.contains(missing) && message.lines().count() == 1, message);
    TinyModel.llama(other).with("model_type", "mamba").write();
    message = assertThrows(ConfigException.class, () -> CausalLm.load(other, device)).getMessage();
    assertTrue(message.contains("'mamba' is not known; there is gpt2, llama, mistral"), message);
    TinyModel.llama(other).with("hidden_size", null).write();
    message = assertThrows(ConfigException.class, () -> CausalLm.load(other, device)).getMessage();
    assertTrue(message.endsWith("config.json: hidden_size is missing"), message);
    TinyModel.llama(other).with("hidden_size", "many").write();
    message = assertThrows(ConfigException.class, () -> CausalLm.load(other, device)).getMessage();
    assertTrue(message.contains("hidden_size is \"many\", want a whole number"), message);
  }

  @Test
  void thePlanRefusesWhatDoesNotFit(@TempDir Path other) throws IOException {
    TinyModel.llama(other).write();
    LoadOptions huge = LoadOptions.defaults().context(1 << 30);
    String message =
        assertThrows(DeviceException.OutOfMemory.class, () -> CausalLm.load(other, device, huge))
            .getMessage();
    assertTrue(message.contains("key-value cache and state"), message);
  }
}
