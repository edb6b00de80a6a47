package dev.heed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.Device;
import dev.heed.device.Devices;
import dev.heed.generate.Hypothesis;
import dev.heed.model.ConfigException;
import dev.heed.text.TokenizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A small random Transformer on the CPU device. */
class TranslationTest {
  @TempDir private static Path folder;
  private static Device device;
  private static Seq2SeqLm lm;

  @BeforeAll
  static void load() throws IOException {
    device = Devices.open("cpu");
    TinyModel.transformer(folder).write();
    lm = Seq2SeqLm.load(folder, device, LoadOptions.defaults().sequences(7).context(48));
  }

  @AfterAll
  static void close() {
    lm.close();
    device.close();
  }

  private static List<String> sources(int n) {
    Random random = new Random(4);
    return IntStream.range(0, n)
        .mapToObj(
            i ->
                random
                    .ints(1 + random.nextInt(30), 'a', 'z' + 1)
                    .mapToObj(Character::toString)
                    .reduce("", String::concat))
        .toList();
  }

  private static List<List<Translation>> translate(List<String> sources, TranslateOptions options) {
    return lm.translate(sources, options, n -> {}, () -> false);
  }

  /** More sources than fit at once, of many lengths: each is as if it were alone. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void batchesAreAsOneByOne(int beams) {
    TranslateOptions options =
        TranslateOptions.greedy().beams(beams).nBest(beams).maxTokens(24).minTokens(3);
    List<String> sources = sources(20);
    List<Integer> progress = new ArrayList<>();
    List<List<Translation>> together = lm.translate(sources, options, progress::add, () -> false);
    assertEquals(20, progress.getLast());
    for (int i = 0; i < sources.size(); i++) {
      List<Translation> alone = translate(sources.subList(i, i + 1), options).getFirst();
      assertEquals(beams, alone.size());
      for (int j = 0; j < beams; j++) {
        assertArrayEquals(alone.get(j).tokens(), together.get(i).get(j).tokens());
        assertArrayEquals(alone.get(j).logProbs(), together.get(i).get(j).logProbs(), 1e-6f);
        assertEquals(alone.get(j).text(), together.get(i).get(j).text());
      }
    }
  }

  /** The cached steps say of each token what reading the whole target at once says of it. */
  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void decodingIsAsWithoutCache(int beams) {
    TranslateOptions options = TranslateOptions.greedy().beams(beams).maxTokens(40).minTokens(20);
    for (String source : sources(5)) {
      Translation found = translate(List.of(source), options).getFirst().getFirst();
      assertTrue(found.tokens().length >= 20);
      Translation scored = lm.score(source, found.text());
      assertArrayEquals(found.tokens(), scored.tokens());
      int n = found.logProbs().length;
      assertArrayEquals(found.logProbs(), Arrays.copyOf(scored.logProbs(), n), 1e-6f);
      if (found.ended()) {
        assertEquals(scored.score(), found.score(), 1e-6);
      }
    }
  }

  @Test
  void greedyTokensComeOneByOne() {
    TranslateOptions options = TranslateOptions.greedy().maxTokens(12).prefix("heed");
    StringBuilder pieces = new StringBuilder();
    List<Integer> ids = new ArrayList<>();
    Translation streamed =
        lm.translate(
            "attention",
            options,
            token -> {
              pieces.append(token.text());
              ids.add(token.id());
            },
            () -> false);
    assertEquals(streamed.text(), pieces.toString());
    assertTrue(streamed.text().startsWith("heed"));
    assertArrayEquals(streamed.tokens(), ids.stream().mapToInt(i -> i).toArray());
    Translation whole = translate(List.of("attention"), options).getFirst().getFirst();
    assertArrayEquals(whole.tokens(), streamed.tokens());
    assertEquals(whole.score(), streamed.score());
    assertEquals(
        "4 beams: a target comes token by token with one beam only",
        assertThrows(
                IllegalArgumentException.class,
                () -> lm.translate("a", options.beams(4), t -> {}, () -> false))
            .getMessage());
  }

  @Test
  void theSameSeedGivesTheSameText() {
    TranslateOptions options =
        TranslateOptions.greedy().sampling(Sampling.creative().temperature(2).maxTokens(20));
    List<String> sources = List.of("attention", "attention", "is all you need");
    List<List<Translation>> found = translate(sources, options);
    assertEquals(found.get(0).getFirst().text(), found.get(1).getFirst().text());
    Sampling other = options.sampling().seed(99);
    assertTrue(
        !found
            .getFirst()
            .getFirst()
            .text()
            .equals(translate(sources, options.sampling(other)).getFirst().getFirst().text()));
    assertEquals(
        "3 beams and sampling: want one of them",
        assertThrows(IllegalArgumentException.class, () -> options.beams(3)).getMessage());
  }

  @Test
  void cancellingKeepsWhatIsDone() {
    List<String> sources = sources(20);
    boolean[] stop = {false};
    TranslateOptions options = TranslateOptions.greedy().maxTokens(5).minTokens(5);
    List<List<Translation>> found =
        lm.translate(sources, options, done -> stop[0] = true, () -> stop[0]);
    assertEquals(7, found.stream().filter(best -> !best.isEmpty()).count());
    int[] asked = {0};
    Translation cut = lm.translate("attention", options, t -> {}, () -> asked[0]++ == 4);
    assertTrue(cut.tokens().length < 5 && !cut.ended(), cut.text());
    assertEquals(5, lm.translate("attention", options, t -> {}, () -> false).tokens().length);
  }

  @Test
  void threadsTakeTurns() {
    List<String> sources = sources(6);
    List<Translation> alone = sources.stream().map(lm::translate).toList();
    List<CompletableFuture<Translation>> running =
        sources.stream().map(s -> CompletableFuture.supplyAsync(() -> lm.translate(s))).toList();
    for (int i = 0; i < sources.size(); i++) {
      assertArrayEquals(alone.get(i).tokens(), running.get(i).join().tokens());
    }
  }

  @Test
  void idsWithoutText() {
    int[] source = {0, 3, 4, 5};
    TranslateOptions options = TranslateOptions.greedy().maxTokens(6);
    Hypothesis found =
        lm.search(List.of(source), new int[] {7}, options, n -> {}, () -> false)
            .getFirst()
            .getFirst();
    Translation text = translate(List.of("abc"), options.prefix("e")).getFirst().getFirst();
    assertArrayEquals(text.tokens(), Targets.join(new int[] {7}, found.tokens()));
  }

  private static String refusal(Runnable call) {
    return assertThrows(IllegalArgumentException.class, call::run).getMessage();
  }

  @Test
  void oneLineForBadInput() {
    assertEquals("the source is empty: give some text", refusal(() -> lm.translate(" ")));
    assertEquals(
        "source 2 is empty: give some text", refusal(() -> lm.translate(List.of("a", ""))));
    String tooLong = "a".repeat(60);
    assertEquals(
        "the source has 61 tokens, the model takes 48: shorten it",
        refusal(() -> lm.translate(tooLong)));
    assertEquals(
        "a prefix of 60 tokens: the model was loaded for targets of up to 47",
        refusal(() -> translate(List.of("a"), TranslateOptions.greedy().prefix(tooLong))));
    assertEquals(
        "a target of 60 tokens: the model was loaded for up to 46",
        refusal(() -> lm.score("a", tooLong)));
    assertEquals(
        "8 beams: the model was loaded for 7 sequences at once",
        refusal(() -> translate(List.of("a"), TranslateOptions.greedy().beams(8))));
    assertEquals(
        "source with token 29: the vocabulary has ids 0 to 28",
        refusal(
            () ->
                lm.search(
                    List.of(new int[] {29}),
                    new int[0],
                    TranslateOptions.greedy(),
                    n -> {},
                    () -> false)));
  }

  @Test
  void aClosedModelSaysSo(@TempDir Path other) throws IOException {
    TinyModel.transformer(other).write();
    Seq2SeqLm closed = Seq2SeqLm.load(other, device);
    closed.close();
    closed.close();
    assertEquals(
        "the model is closed",
        assertThrows(IllegalStateException.class, () -> closed.translate("a")).getMessage());
  }

  @Test
  void itsAuthorsChooseTheDefaults(@TempDir Path other) throws IOException {
    TinyModel.transformer(other).with("num_beams", 2).with("length_penalty", 3).write();
    Files.writeString(
        other.resolve("generation_config.json"),
        """
        {"num_beams": 3, "max_length": 11, "min_length": 4, "no_repeat_ngram_size": 2,
         "early_stopping": true, "bad_words_ids": [[5], [6, 7]],
         "forced_bos_token_id": 9, "forced_eos_token_id": 1}
        """);
    try (Seq2SeqLm own = Seq2SeqLm.load(other, device)) {
      TranslateOptions defaults = own.defaults();
      assertEquals(3, defaults.search().beams());
      assertEquals(3, defaults.search().lengthPenalty());
      assertTrue(defaults.search().earlyStopping());
      assertEquals(10, defaults.sampling().maxTokens());
      assertEquals(3, defaults.minTokens());
      assertEquals(2, defaults.noRepeat());
      assertEquals(List.of(List.of(5), List.of(6, 7)), defaults.suppressed());
      Translation found = own.translate("attention");
      assertEquals(9, found.tokens()[0], "the forced first token");
      assertTrue(found.ended(), "the last token is forced to end it");
      assertTrue(found.logProbs().length <= 10);
    }
  }

  @Test
  void oneLineForConfigurationsThatMakeNoSense(@TempDir Path other) throws IOException {
    TinyModel.transformer(other).with("decoder_start_token", "<go>").write();
    assertTrue(
        assertThrows(ConfigException.class, () -> Seq2SeqLm.load(other, device))
            .getMessage()
            .endsWith("decoder_start_token '<go>' is not in the target's vocabulary"));
    TinyModel.transformer(other).with("decoder_start_token", null).write();
    assertTrue(
        assertThrows(ConfigException.class, () -> Seq2SeqLm.load(other, device))
            .getMessage()
            .endsWith("decoder_start_token_id is missing: nothing says how targets begin"));
    TinyModel.transformer(other).write();
    Files.writeString(other.resolve("tokenizer.json"), "{");
    assertThrows(TokenizerException.class, () -> Seq2SeqLm.load(other, device));
  }
}
