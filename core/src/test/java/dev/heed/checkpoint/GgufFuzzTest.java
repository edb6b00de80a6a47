package dev.heed.checkpoint;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Fuzzes the GGUF reader and its metadata getters. As a plain test it runs the seeds. This fuzzes
 * for a minute, one class a run:
 *
 * <pre>
 * JAZZER_FUZZ=1 mvn -pl core -am test -Djazzer.hooks=true \
 *     -Dtest=GgufFuzzTest -Dsurefire.failIfNoSpecifiedTests=false
 * </pre>
 */
class GgufFuzzTest {
  @MethodSource("seeds")
  @FuzzTest(maxDuration = "1m")
  void reads(byte[] bytes) {
    Readers.survives(bytes, (file, arena) -> Gguf.of(file, arena, false));
    Readers.survives(bytes, GgufFuzzTest::open);
    Readers.survives(bytes, GgufFuzzTest::openAsSecondPart);
  }

  private static Gguf open(MappedFile file, Arena arena) {
    Gguf gguf = Gguf.of(file, arena, true);
    GgufMetadata metadata = gguf.metadata();
    List<Consumer<String>> getters =
        List.of(
            metadata::string,
            metadata::i64,
            metadata::f32,
            metadata::bool,
            metadata::strings,
            metadata::i64s,
            metadata::f32s,
            metadata::bools,
            metadata::bytes);
    for (String key : metadata.keys()) {
      for (Consumer<String> getter : getters) {
        try {
          getter.accept(key);
        } catch (CheckpointException e) {
          Readers.assertOneLine(e.getMessage());
        }
      }
    }
    return gguf;
  }

  private static Gguf openAsSecondPart(MappedFile file, Arena arena) {
    byte[] first = GgufSplitTest.header(0, 2, 1).toArray();
    return Gguf.of(Readers.file("x-00001-of-00002.gguf", first), arena, true, path -> file);
  }

  static Stream<byte[]> seeds() {
    GgufFile cut = sample();
    cut.withData = false;
    GgufFile second = GgufSplitTest.header(1, 2, 1).tensor("t", 0, Bytes.floats(1), 1);
    return Stream.of(sample().toArray(), cut.toArray(), new GgufFile().toArray(), second.toArray());
  }

  /** Every kind of value, and tensors of plain, block and foreign types. */
  static GgufFile sample() {
    return new GgufFile()
        .string("general.architecture", "llama")
        .u32("general.alignment", 32)
        .pair("i8", 1, new Bytes().i8(-5))
        .pair("u16", 2, new Bytes().i16(65535))
        .pair("f32", 6, new Bytes().f32(1e-5f))
        .pair("yes", 7, new Bytes().i8(1))
        .pair("u64", 10, new Bytes().i64(1L << 40))
        .pair("f64", 12, new Bytes().f64(0.1))
        .array("words", 8, 3, new Bytes().string("a").string("").string("é"))
        .array("scores", 6, 2, Bytes.floats(1, -2))
        .array("kinds", 5, 2, new Bytes().i32(3).i32(-1))
        .tensor("token_embd.weight", 0, Bytes.floats(1, 2, 3, 4, 5, 6), 3, 2)
        .tensor("blk.0.attn_q.weight", 8, new Bytes().zeros(68), 32, 2)
        .tensor("blk.0.ffn_up.weight", 20, new Bytes().zeros(18), 32)
        .tensor("output_norm.weight", 1, new Bytes().zeros(4), 2);
  }
}
