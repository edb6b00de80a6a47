package dev.heed.checkpoint;

import static dev.heed.checkpoint.Readers.gguf;
import static dev.heed.checkpoint.Readers.rejects;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufTest {
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void readsTensorsWithDimensionsReversed(int version) {
    GgufFile sample = GgufFuzzTest.sample();
    sample.version = version;
    Gguf file = gguf(sample.toArray());
    assertEquals("GGUF v" + version, file.format());
    assertEquals(
        List.of("token_embd.weight", "blk.0.attn_q.weight", "output_norm.weight"),
        List.copyOf(file.tensors().keySet()));
    CheckpointTensor embedding = file.find("token_embd.weight").orElseThrow();
    assertEquals(Shape.of(2, 3), embedding.shape());
    assertArrayEquals(
        new float[] {1, 2, 3, 4, 5, 6},
        Quants.dequantize(embedding.dtype(), embedding.data(), 0, 6));
    CheckpointTensor query = file.find("blk.0.attn_q.weight").orElseThrow();
    assertEquals(DType.Q8_0, query.dtype());
    assertEquals(Shape.of(2, 32), query.shape());
    rejects("tensor blk.0.ffn_up.weight is IQ4_NL; Heed", () -> file.find("blk.0.ffn_up.weight"));
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 64, 1024})
  void alignment(int alignment) {
    GgufFile file = new GgufFile().u32("general.alignment", alignment);
    file.alignment = alignment;
    file.tensor("a", 24, new Bytes().i8(1), 1).tensor("b", 24, new Bytes().i8(2), 1, 1, 1, 1);
    CheckpointTensor b = gguf(file.toArray()).find("b").orElseThrow();
    assertEquals(2, b.data().get(ValueLayout.JAVA_BYTE, 0));
    assertEquals(Shape.of(1, 1, 1, 1), b.shape());
  }

  /** Block sizes of the types that DType has are the same in both tables. */
  @ParameterizedTest
  @EnumSource(GgmlType.class)
  void typeTable(GgmlType type) {
    assertEquals(type, GgmlType.of(type.id()).orElseThrow());
    boolean known = Arrays.stream(DType.values()).anyMatch(d -> d.name().equals(type.name()));
    assertEquals(known, type.dtype().isPresent());
    type.dtype().ifPresent(d -> assertEquals(type.name(), d.name()));
    GgufFile file =
        new GgufFile().tensor("t", type.id(), new Bytes().zeros(type.blockBytes), type.blockSize);
    Gguf read = gguf(file.toArray());
    assertEquals(known ? 1 : 0, read.tensors().size());
    assertEquals(known ? 0 : 1, read.unreadable().size());
  }

  @Test
  void headerWithoutData(@TempDir Path folder) throws Exception {
    GgufFile file = GgufFuzzTest.sample();
    file.withData = false;
    Path path = Files.write(folder.resolve("vocabulary.gguf"), file.toArray());
    rejects("would end at byte", () -> Gguf.open(path));
    try (Gguf header = Gguf.openHeader(path)) {
      assertEquals("llama", header.metadata().architecture().orElseThrow());
      assertTrue(header.tensors().isEmpty());
      rejects("has no data in this file", () -> header.find("token_embd.weight"));
    }
  }

  @Test
  void rejectsBadHeaders() {
    GgufFile magic = new GgufFile();
    magic.magic = "GGML";
    rejects("does not begin with GGUF", () -> gguf(magic.toArray()));
    for (int version : new int[] {0, 1, 4, -1}) {
      GgufFile file = new GgufFile();
      file.version = version;
      rejects("Heed reads 2 and 3", () -> gguf(file.toArray()));
    }
    GgufFile big = new GgufFile();
    big.version = 0x03000000;
    rejects("big-endian", () -> gguf(big.toArray()));
    GgufFile tensors = new GgufFile();
    tensors.tensorCount = Long.MAX_VALUE;
    rejects("number of tensors would be 9223372036854775807", () -> gguf(tensors.toArray()));
    GgufFile pairs = new GgufFile();
    pairs.pairCount = 1L << 40;
    rejects("number of metadata keys", () -> gguf(pairs.toArray()));
  }

  /** Whatever the length, a file that ends early is refused, never read past. */
  @Test
  void rejectsEveryTruncation() {
    byte[] whole = GgufFuzzTest.sample().toArray();
    gguf(whole);
    for (int n = 0; n < whole.length; n++) {
      byte[] part = Arrays.copyOf(whole, n);
      rejects("the file is damaged", () -> gguf(part));
    }
  }

  @Test
  void rejectsBadPairs() {
    rejects("key 0 is empty", () -> gguf(new GgufFile().u32("", 1).toArray()));
    rejects("key a is there twice", () -> gguf(new GgufFile().u32("a", 1).u32("a", 1).toArray()));
    rejects("type 13", () -> gguf(new GgufFile().pair("a", 13, new Bytes().i64(0)).toArray()));
    rejects("type -1", () -> gguf(new GgufFile().pair("a", -1, new Bytes().i64(0)).toArray()));
    rejects("array of arrays", () -> gguf(new GgufFile().array("a", 9, 0, new Bytes()).toArray()));
    rejects(
        "the entries of key a would be 18446744073709551615",
        () -> gguf(new GgufFile().array("a", 4, -1, new Bytes()).toArray()));
    rejects(
        "the entries of key a would be 2305843009213693953",
        () -> gguf(new GgufFile().array("a", 10, (1L << 61) + 1, new Bytes().i64(0)).toArray()));
    rejects(
        "the value of key a would be 100 bytes",
        () -> gguf(new GgufFile().pair("a", 8, new Bytes().i64(100)).toArray()));
    rejects(
        "key 0 would be 70000 bytes",
        () -> gguf(new GgufFile().u32("k".repeat(70_000), 1).toArray()));
    rejects("not U32", () -> gguf(new GgufFile().string("general.alignment", "8").toArray()));
    for (int alignment : new int[] {0, 12, -1}) {
      rejects(
          "not a power of two",
          () -> gguf(new GgufFile().u32("general.alignment", alignment).toArray()));
    }
  }

  @Test
  void rejectsBadTensors() {
    Bytes four = new Bytes().zeros(4);
    rejects("5 dimensions", () -> gguf(tensor("t", 0, four, 1, 1, 1, 1, 1)));
    rejects("a dimension is negative", () -> gguf(tensor("t", 0, four, -1)));
    rejects("more elements", () -> gguf(tensor("t", 0, four, 1L << 32, 1L << 31, 1L << 10)));
    rejects("more bytes", () -> gguf(tensor("t", 0, four, 1L << 31, 1L << 31)));
    rejects("the end of t does not fit", () -> gguf(tensor("t", 24, four, Long.MAX_VALUE)));
    for (int type : new int[] {4, 5, 31, 33, 36, 38, 41, -1, Integer.MAX_VALUE}) {
      rejects("no tensor type", () -> gguf(tensor("t", type, four, 1)));
    }
    rejects("not whole Q8_0 blocks", () -> gguf(tensor("t", 8, new Bytes().zeros(34), 16, 2)));
    rejects("the name of tensor 0 would be 64", () -> gguf(tensor("t".repeat(64), 0, four, 1)));
    rejects(
        "tensor t is there twice",
        () -> gguf(new GgufFile().tensor("t", 0, four, 1).tensor("t", 0, four, 1).toArray()));
    rejects(
        "tensor u has offset 64, expected 32",
        () -> gguf(new GgufFile().tensor("t", 0, four, 1).tensorAt(64, "u", 0, four, 1).toArray()));
    rejects(
        "tensor t has offset 18446744073709551584",
        () -> gguf(new GgufFile().tensorAt(-32, "t", 0, four, 1).toArray()));
    rejects("would end at byte", () -> gguf(tensor("t", 0, four, 1, 1L << 50)));
  }

  private static byte[] tensor(String name, int type, Bytes data, long... dims) {
    return new GgufFile().tensor(name, type, data, dims).toArray();
  }
}
