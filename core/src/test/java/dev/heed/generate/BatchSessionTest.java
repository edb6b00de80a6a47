package dev.heed.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heed.TinyModel;
import dev.heed.device.Device;
import dev.heed.model.DecoderModel;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small random Llama on the CPU device. */
class BatchSessionTest {
  private static final int[][] PROMPTS = {
    {5, 6, 7}, {8}, {3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {5, 6}
  };
  @TempDir private static Path folder;
  private static TinyDecoder tiny;
  private static Device device;
  private static DecoderModel model;

  @BeforeAll
  static void load() throws IOException {
    tiny = TinyDecoder.load(folder);
    device = tiny.device();
    model = tiny.model();
  }

  @AfterAll
  static void close() {
    if (tiny != null) { // null where there was no device to open
      tiny.close();
    }
  }

  private static float[] logits(BatchDecoder decoder, int row) {
    long bytes = 4L * decoder.vocabulary();
    return decoder.logits().asSlice(row * bytes, bytes).toArray(ValueLayout.JAVA_FLOAT);
  }

  /** The logits after a text, by a session of one text. */
  private static float[] alone(int[] text) {
    try (Session session = Session.open(model, device, DType.F32)) {
      return session.prefill(text, () -> false).toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static int[] then(int[] text, int... more) {
    int[] longer = Arrays.copyOf(text, text.length + more.length);
    System.arraycopy(more, 0, longer, text.length, more.length);
    return longer;
  }

  @Test
  void raggedRowsAreAsAlone() {
    try (BatchSession batch = BatchSession.open(model, device, DType.F32, 4)) {
      batch.begin(List.of(PROMPTS), () -> false);
      for (int r = 0; r < PROMPTS.length; r++) {
        assertArrayEquals(alone(PROMPTS[r]), logits(batch, r), 1e-6f);
      }
    }
  }

  /** Forks, moves and drops rows; each then is what a text of its own would be. */
  @Test
  void cachedStepsAreAsWithoutCache() {
    try (BatchSession batch = BatchSession.open(model, device, DType.F32, 5)) {
      batch.begin(List.of(PROMPTS), () -> false);
      List<int[]> texts = List.of(PROMPTS);
      int[][] parents = {{2, 2, 0}, {1, 0, 1, 1, 2}, {4, 3}, {0}, {0, 0, 0, 0}};
      for (int step = 0; step < 25; step++) {
        int[] from = parents[step % parents.length];
        from = Arrays.stream(from).map(p -> Math.min(p, batch.rows() - 1)).toArray();
        int[] ids = new int[from.length];
        for (int r = 0; r < ids.length; r++) {
          ids[r] = (7 * step + 5 * r) % TinyModel.VOCABULARY;
        }
        batch.step(from, ids);
        List<int[]> before = texts;
        int[] rows = from;
        texts =
            IntStream.range(0, rows.length)
                .mapToObj(r -> then(before.get(rows[r]), ids[r]))
                .toList();
        for (int r = 0; r < rows.length; r++) {
          assertArrayEquals(alone(texts.get(r)), logits(batch, r), 1e-5f, "step " + step);
        }
      }
    }
  }

  /** Prompts that together are longer than a chunk, so that one is read in two pieces. */
  @Test
  void promptsAreCutIntoChunks() {
    List<int[]> prompts =
        IntStream.of(40, 50, 1, 64)
            .mapToObj(n -> IntStream.range(0, n).map(i -> (i * 7 + n) % 29).toArray())
            .toList();
    try (BatchSession batch = BatchSession.open(model, device, DType.F32, 4)) {
      batch.begin(prompts, () -> false);
      for (int r = 0; r < prompts.size(); r++) {
        assertArrayEquals(alone(prompts.get(r)), logits(batch, r), 1e-5f);
      }
      assertEquals(3 + 4 + 1 + 4, batch.usedPages());
      assertEquals(
          "the context of 64 tokens is full",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> batch.step(new int[] {0, 3}, new int[] {1, 1}))
              .getMessage());
    }
  }

  /** Forks share what is full; what no row continues is free again. */
  @Test
  void pagesOfDroppedRowsAreFree() {
    try (BatchSession batch = BatchSession.open(model, device, DType.F32, 4)) {
      batch.begin(List.of(new int[20], new int[40]), () -> false);
      assertEquals(2 + 3, batch.usedPages());
      batch.step(new int[] {1, 1, 1, 0}, new int[4]);
      assertEquals(2 + 3 + 2, batch.usedPages(), "two full pages are shared, the third is copied");
      for (int i = 0; i < 10; i++) {
        batch.step(new int[] {3, 0, 3, 1}, new int[4]);
        batch.step(new int[] {1, 1, 0, 2}, new int[4]);
      }
      batch.step(new int[] {0}, new int[1]);
      assertEquals(Math.ceilDiv(40 + 22, 16), batch.usedPages());
    }
  }

  @Test
  void logProbsAreThoseOfEachStep() {
    int[] text = {3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    try (BatchSession batch = BatchSession.open(model, device, DType.F32, 4)) {
      float[][] found = batch.logProbs(List.of(text, new int[] {8}, new int[] {5, 6}), () -> false);
      assertEquals(12, found[0].length);
      assertEquals(0, found[1].length);
      for (int i = 1; i < text.length; i++) {
        assertEquals(
            logSoftmax(alone(Arrays.copyOf(text, i)), text[i]), found[0][i - 1], 1e-5, "at " + i);
      }
      assertEquals(logSoftmax(alone(new int[] {5}), 6), found[2][0], 1e-5);
    }
  }

  private static double logSoftmax(float[] logits, int id) {
    double total = 0;
    for (float l : logits) {
      total += Math.exp(l);
    }
    return logits[id] - Math.log(total);
  }

  @Test
  void bannedTokensAreTakenOutBeforeOrAfterTheSoftmax() {
    try (BatchSession batch = BatchSession.open(model, device, DType.F32, 2)) {
      batch.begin(List.of(PROMPTS[0], PROMPTS[1]), () -> false);
      Ranking free = batch.rank(3, null, false);
      int best = free.id(0, 0);
      int second = free.id(0, 1);
      float first = free.logProb(0, 0);
      float logProb = free.logProb(0, 1);
      int other = free.id(1, 0);
      Ranking after = batch.rank(2, new int[][] {{best}, {}}, false);
      assertEquals(second, after.id(0, 0));
      assertEquals(logProb, after.logProb(0, 0), 1e-6);
      assertEquals(other, after.id(1, 0));
      Ranking before = batch.rank(2, new int[][] {{best}, {}}, true);
      assertEquals(second, before.id(0, 0));
      assertEquals(logProb - Math.log(1 - Math.exp(first)), before.logProb(0, 0), 1e-5);
      Ranking none = batch.rank(2, new int[][] {{}, {}}, true);
      assertEquals(best, none.id(0, 0));
    }
  }

  /** Wide beams over texts of three tokens find the best of all of them. */
  @Test
  void beamSearchFindsTheBestText() {
    int v = TinyModel.VOCABULARY;
    float best = Float.NEGATIVE_INFINITY;
    for (int a = 0; a < v; a++) {
      double first = logSoftmax(alone(PROMPTS[0]), a);
      float[] second = alone(then(PROMPTS[0], a));
      for (int b = 0; b < v; b++) {
        best = Math.max(best, (float) (first + logSoftmax(second, b)));
      }
    }
    try (BatchSession batch = BatchSession.open(model, device, DType.F32, v)) {
      Hypothesis found =
          new BeamSearch(batch, new TokenRules(Set.of(), 2), BeamOptions.of(v).lengthPenalty(0))
              .search(List.of(PROMPTS[0]), 0, () -> false)
              .getFirst()
              .getFirst();
      assertEquals(best, found.score(), 1e-5);
    }
  }
}
