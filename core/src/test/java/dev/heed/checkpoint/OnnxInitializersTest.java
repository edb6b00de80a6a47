package dev.heed.checkpoint;

import static dev.heed.checkpoint.Readers.onnx;
import static dev.heed.checkpoint.Readers.rejects;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxInitializersTest {
  private static final byte[] SIX = Bytes.floats(1, 2, 3, 4, 5, 6).toArray();

  @TempDir Path folder;

  @Test
  void readsRawAndPackedData() {
    Bytes packedDims =
        new Bytes()
            .field(1, new Bytes().varint(3).varint(2).toArray())
            .field(2, 1)
            .field(4, SIX)
            .field(8, "packed");
    OnnxInitializers file =
        onnx(
            new OnnxFile()
                .initializer(OnnxFile.tensor("raw", 1, SIX, 2, 3))
                .initializer(packedDims)
                .initializer(OnnxFile.tensor("half", 10, new byte[4], 2))
                .initializer(OnnxFile.tensor("scalar", 6, new byte[4]))
                .initializer(OnnxFile.header("empty", 1, 0))
                .toArray());
    assertEquals(
        List.of("raw", "packed", "half", "scalar", "empty"), List.copyOf(file.tensors().keySet()));
    CheckpointTensor raw = file.find("raw").orElseThrow();
    assertEquals(Shape.of(2, 3), raw.shape());
    assertArrayEquals(
        new float[] {1, 2, 3, 4, 5, 6}, Quants.dequantize(DType.F32, raw.data(), 0, 6));
    CheckpointTensor packed = file.find("packed").orElseThrow();
    assertEquals(Shape.of(3, 2), packed.shape());
    assertEquals(-1, raw.data().mismatch(packed.data()));
    assertEquals(Shape.of(), file.find("scalar").orElseThrow().shape());
  }

  @Test
  void otherTypesAreThereButNotReadable() {
    Bytes inPieces = OnnxFile.header("pieces", 1, 2).varint(4 << 3 | 5).f32(1);
    OnnxInitializers file =
        onnx(
            new OnnxFile()
                .initializer(OnnxFile.tensor("ids", 7, new byte[8], 1))
                .initializer(OnnxFile.tensor("new", 99, new byte[8], 1))
                .initializer(inPieces.varint(4 << 3 | 5).f32(2))
                .toArray());
    assertTrue(file.tensors().isEmpty());
    rejects("tensor ids is INT64; Heed reads", () -> file.find("ids"));
    rejects("tensor new is type 99; Heed reads", () -> file.find("new"));
    rejects("tensor pieces is FLOAT not stored as raw data", () -> file.find("pieces"));
  }

  /** The exporter's nameless weight gets its module's name, wherever in the graph it stands. */
  @Test
  void namesTransposedWeights() {
    OnnxInitializers file =
        onnx(
            new OnnxFile()
                .node("MatMul", "/encoder/layer.0/attention/self/query/MatMul", "x", "onnx::M_1")
                .node("MatMul", "/encoder/layer.0/attention/self/MatMul", "q", "k")
                .node("MatMul", "/MatMul", "x", "plain")
                .initializer(OnnxFile.tensor("onnx::M_1", 1, SIX, 2, 3))
                .initializer(OnnxFile.tensor("plain", 1, SIX, 2, 3))
                .toArray());
    CheckpointTensor query = file.find("encoder.layer.0.attention.self.query.weight").orElseThrow();
    assertEquals(Shape.of(3, 2), query.shape());
    assertTrue(query.transposed());
    assertFalse(file.find("plain").orElseThrow().transposed());
    assertTrue(file.find("onnx::M_1").isEmpty());
  }

  @Test
  void readsDataBesideTheModel() throws IOException {
    Files.write(folder.resolve("weights.data"), new Bytes().zeros(8).raw(SIX).toArray());
    Path model =
        Files.write(
            folder.resolve("model.onnx"),
            new OnnxFile()
                .initializer(external("a", "weights.data", "8", "24", 2, 3))
                .initializer(external("b", "./weights.data", "28", null, 1))
                .toArray());
    try (Checkpoint file = Checkpoint.open(model)) {
      assertEquals(-1, file.find("a").orElseThrow().data().mismatch(segment(SIX)));
      assertEquals(
          6f, file.find("b").orElseThrow().data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0));
      assertTrue(file.bytes() > 32);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"8:28", "16:24", "-8:24", "8:x", "9223372036854775807:24"})
  void rejectsDataOutsideItsFile(String range) throws IOException {
    Files.write(folder.resolve("weights.data"), new byte[32]);
    String[] part = range.split(":");
    Path model =
        Files.write(
            folder.resolve("model.onnx"),
            new OnnxFile()
                .initializer(external("a", "weights.data", part[0], part[1], 2, 3))
                .toArray());
    rejects("initialiser a", () -> Checkpoint.open(model));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/x", "../x", "a/../../x", ".", "C:x", "\\x", "\n/x", "a\n\0b"})
  void rejectsDataElsewhere(String location) throws IOException {
    Path model =
        Files.write(
            folder.resolve("model.onnx"),
            new OnnxFile().initializer(external("a", location, "0", "4", 1)).toArray());
    rejects("not beside it", () -> Checkpoint.open(model));
  }

  @Test
  void rejectsBadModels() {
    rejects("not an ONNX model", () -> onnx(new Bytes().field(1, 8).toArray()));
    rejects("wire type 3", () -> onnx(new byte[] {0x3b}));
    rejects("field number out of range", () -> onnx(new byte[] {0}));
    rejects("number cut short", () -> onnx(new byte[] {(byte) 0x80}));
    byte[] ten = new byte[11];
    Arrays.fill(ten, (byte) 0x80);
    rejects("more than 10 bytes", () -> onnx(ten));
    rejects(
        "field of 18446744073709551615 bytes",
        () -> onnx(new Bytes().i8(7 << 3 | 2).varint(-1).toArray()));
    rejects("field 7 with wire type 0", () -> onnx(new Bytes().field(7, 1).toArray()));
    rejects("has 24 bytes, F32 [2, 4] needs 32", () -> onnx(model("a", 2, 4)));
    rejects("has 24 bytes, F32 [] needs 4", () -> onnx(model("a")));
    rejects("a dimension is negative", () -> onnx(model("a", -6)));
    rejects("more elements", () -> onnx(model("a", 1L << 40, 1L << 40)));
    rejects("more bytes", () -> onnx(model("a", 1L << 62)));
    rejects("more than 16 dimensions", () -> onnx(model("a", new long[17])));
    rejects("has no name", () -> onnx(model("", 6)));
    byte[] twice =
        new OnnxFile()
            .initializer(OnnxFile.tensor("a", 1, SIX, 6))
            .initializer(OnnxFile.tensor("a", 1, SIX, 6))
            .toArray();
    rejects("'a' is there twice", () -> onnx(twice));
  }

  @Test
  void rejectsEveryTruncation() {
    byte[] whole = model("a", 2, 3);
    onnx(whole);
    for (int n = 0; n < whole.length; n++) {
      byte[] part = Arrays.copyOf(whole, n);
      rejects("the file is damaged", () -> onnx(part));
    }
  }

  private static byte[] model(String name, long... dims) {
    return new OnnxFile().initializer(OnnxFile.tensor(name, 1, SIX, dims)).toArray();
  }

  private static Bytes external(
      String name, String location, String offset, String length, long... dims) {
    Bytes out = OnnxFile.header(name, 1, dims);
    out.field(13, new Bytes().field(1, "location").field(2, location).toArray());
    out.field(13, new Bytes().field(1, "offset").field(2, offset).toArray());
    if (length != null) {
      out.field(13, new Bytes().field(1, "length").field(2, length).toArray());
    }
    return out.field(14, 1);
  }

  private static MemorySegment segment(byte[] bytes) {
    return MemorySegment.ofArray(bytes);
  }
}
