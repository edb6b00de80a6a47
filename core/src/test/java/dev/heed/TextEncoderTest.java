package dev.heed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heed.device.Device;
import dev.heed.op.PoolKind;
import dev.heed.text.TokenizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextEncoderTest {
  @TempDir static Path folder;
  private static Device device;
  private static TextEncoder encoder;

  @BeforeAll
  static void load() throws IOException {
    device = TestDevice.open();
    encoder = TextEncoder.load(TinyModel.bert(folder).write(), device);
  }

  @AfterAll
  static void close() {
    encoder.close();
    encoder.close();
    device.close();
  }

  @Test
  void aTextsVectorDoesNotDependOnItsBatch() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      texts.add("abcdefghijklmnopqrstuvwxyz".substring(i % 20, i % 20 + 1 + i % 6));
    }
    float[][] together = encoder.embed(texts);
    for (int i = 0; i < texts.size(); i += 37) {
      assertArrayEquals(encoder.embed(texts.get(i)), together[i], texts.get(i));
    }
  }

  @Test
  void vectorsHaveLengthOneUnlessAskedOtherwise() {
    assertEquals(1, length(encoder.embed("abc")), 1e-6);
    float[][] raw =
        encoder.embed(List.of("abc"), EmbedOptions.defaults().normalize(false), n -> {});
    assertFalse(Math.abs(length(raw[0]) - 1) < 1e-3);
  }

  private static double length(float[] v) {
    double sum = 0;
    for (float x : v) {
      sum += (double) x * x;
    }
    return Math.sqrt(sum);
  }

  @Test
  void poolingAndPrefixAreOptions() {
    EmbedOptions first = EmbedOptions.defaults().pooling(PoolKind.FIRST);
    float[] mean = encoder.embed("abc");
    assertFalse(Arrays.equals(mean, encoder.embed(List.of("abc"), first, n -> {})[0]));
    float[] prefixed =
        encoder.embed(List.of("bc"), EmbedOptions.defaults().prefix("a"), n -> {})[0];
    assertArrayEquals(mean, prefixed);
  }

  @Test
  void longTextsAreCutOrRefused() {
    String text = "abcdefgh".repeat(8);
    assertEquals(1, length(encoder.embed(text)), 1e-6);
    EmbedOptions whole = EmbedOptions.defaults().truncate(false);
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> encoder.embed(List.of("a", text), whole, n -> {}));
    assertEquals(
        "text 2 has 65 tokens, the model takes 32: shorten it or let it be cut", e.getMessage());
  }

  @Test
  void noTexts() {
    assertEquals(0, encoder.embed(List.of()).length);
  }

  @Test
  void sentenceTransformersFilesDecide(@TempDir Path other) throws IOException {
    TinyModel.bert(other).write();
    Files.writeString(
        other.resolve("modules.json"),
        """
        [{"type":"sentence_transformers.models.Transformer","path":""},
         {"type":"sentence_transformers.models.Pooling","path":"1_Pooling"}]
        """);
    Files.createDirectory(other.resolve("1_Pooling"));
    Files.writeString(other.resolve("1_Pooling/config.json"), "{\"pooling_mode_cls_token\":true}");
    Files.writeString(other.resolve("sentence_bert_config.json"), "{\"max_seq_length\":16}");
    EmbedOptions cls = EmbedOptions.defaults().pooling(PoolKind.FIRST).normalize(false);
    try (TextEncoder e = TextEncoder.load(other, device)) {
      assertEquals(16, e.maxTokens());
      assertArrayEquals(encoder.embed(List.of("abc"), cls, n -> {})[0], e.embed("abc"));
    }
  }

  @Test
  void aMissingTokenizerIsNamed(@TempDir Path other) throws IOException {
    Files.delete(TinyModel.bert(other).write().resolve("tokenizer.json"));
    var e = assertThrows(TokenizerException.class, () -> TextEncoder.load(other, device));
    assertEquals(
        other
            + ": no tokenizer.json, vocab.txt, spiece.model or tokenizer.model in this folder;"
            + " copy the model's tokenizer there",
        e.getMessage());
  }

  @Test
  void theWeightsMayBeNamedInsteadOfTheirFolder() {
    try (TextEncoder e = TextEncoder.load(folder.resolve("model.safetensors"), device)) {
      assertArrayEquals(encoder.embed("abc"), e.embed("abc"));
    }
  }
}
