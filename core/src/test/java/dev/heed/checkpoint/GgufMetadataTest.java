package dev.heed.checkpoint;

import static dev.heed.checkpoint.Readers.gguf;
import static dev.heed.checkpoint.Readers.rejects;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.Shared;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GgufMetadataTest {
  @Test
  void readsEveryType() {
    GgufMetadata m = gguf(GgufFuzzTest.sample().toArray()).metadata();
    assertEquals(Optional.of("llama"), m.architecture());
    assertEquals("llama", m.string("general.architecture"));
    assertEquals(32, m.i64("general.alignment"));
    assertEquals(-5, m.i64("i8"));
    assertEquals(65535, m.i64("u16"));
    assertEquals(1L << 40, m.i64("u64"));
    assertEquals(1e-5f, m.f32("f32"));
    assertEquals(0.1f, m.f32("f64"));
    assertTrue(m.bool("yes"));
    assertArrayEquals(new String[] {"a", "", "é"}, m.strings("words"));
    assertArrayEquals(new float[] {1, -2}, m.f32s("scores"));
    assertArrayEquals(new long[] {3, -1}, m.i64s("kinds"));
    assertTrue(m.isArray("words"));
    assertFalse(m.isArray("i8"));
    assertFalse(m.isArray("absent"));
  }

  @Test
  void defaultsAreForAbsentKeysOnly() {
    GgufMetadata m = gguf(GgufFuzzTest.sample().toArray()).metadata();
    assertEquals("x", m.string("absent", "x"));
    assertEquals(7, m.i64("absent", 7));
    assertEquals(0.5f, m.f32("absent", 0.5f));
    assertTrue(m.bool("absent", true));
    assertEquals(-5, m.i64("i8", 7));
    rejects("metadata key words is an array of 3 STRING", () -> m.string("words", "x"));
  }

  @Test
  void arraysOfSmallThings() {
    GgufMetadata m =
        gguf(new GgufFile()
                .array("bytes", 0, 3, new Bytes().i8(1).i8(255).i8(3))
                .array("flags", 7, 2, new Bytes().i8(0).i8(2))
                .array("shorts", 3, 1, new Bytes().i16(-2))
                .array("none", 6, 0, new Bytes())
                .toArray())
            .metadata();
    assertArrayEquals(new byte[] {1, -1, 3}, m.bytes("bytes"));
    assertArrayEquals(new long[] {1, 255, 3}, m.i64s("bytes"));
    assertArrayEquals(new boolean[] {false, true}, m.bools("flags"));
    assertArrayEquals(new long[] {-2}, m.i64s("shorts"));
    assertEquals(0, m.f32s("none").length);
  }

  @Test
  void errorsNameFileAndKey() {
    GgufMetadata m = gguf(GgufFuzzTest.sample().toArray()).metadata();
    rejects("x.gguf: no metadata key llama.block_count", () -> m.i64("llama.block_count"));
    rejects("x.gguf: metadata key i8 is I8, expected a string", () -> m.string("i8"));
    rejects("metadata key f32 is F32, expected an integer", () -> m.i64("f32"));
    rejects("metadata key i8 is I8, expected a floating-point", () -> m.f32("i8"));
    rejects("metadata key i8 is I8, expected a truth value", () -> m.bool("i8"));
    rejects("metadata key i8 is I8, expected an array", () -> m.i64s("i8"));
    rejects("metadata key scores is an array of 2 F32, expected an integer", () -> m.i64("scores"));
    GgufMetadata odd =
        gguf(new GgufFile()
                .pair("big", 10, new Bytes().i64(-1))
                .pair("text", 8, new Bytes().i64(2).i16(0xffff))
                .toArray())
            .metadata();
    rejects("key big does not fit", () -> odd.i64("big"));
    rejects("metadata key text is not UTF-8", () -> odd.string("text"));
  }

  /** The vocabulary of a real file. */
  @Test
  void realFile() {
    try (Gguf file = Gguf.open(Shared.require("models/stories260K/stories260K-q8_0.gguf"))) {
      GgufMetadata m = file.metadata();
      assertEquals("llama", m.architecture().orElseThrow());
      assertEquals(5, m.i64("llama.block_count"));
      assertEquals(64, m.i64("llama.embedding_length"));
      String[] tokens = m.strings("tokenizer.ggml.tokens");
      assertEquals(512, tokens.length);
      assertEquals("<unk>", tokens[0]);
      assertEquals(512, m.f32s("tokenizer.ggml.scores").length);
    }
  }
}
