package dev.heed.checkpoint;

import static dev.heed.checkpoint.Readers.rejects;
import static dev.heed.checkpoint.Readers.safetensorsFile;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.Shared;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shards, and what {@link Safetensors#write} makes. */
class SafetensorsFilesTest {
  @TempDir Path folder;

  @Test
  void readsShards() throws IOException {
    shard("model-00001-of-00002.safetensors", "a", "b");
    shard("model-00002-of-00002.safetensors", "c");
    Path index =
        index("a", "model-00001-of-00002.safetensors", "c", "model-00002-of-00002.safetensors");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertEquals(index, checkpoint.source());
      assertEquals("safetensors, sharded", checkpoint.format());
      // b is in a shard but not in the index: the index decides.
      assertEquals(List.of("a", "c"), List.copyOf(checkpoint.tensors().keySet()));
      assertEquals('c', checkpoint.find("c").orElseThrow().data().get(ValueLayout.JAVA_BYTE, 0));
      long sum;
      try (Stream<Path> files = Files.list(folder)) {
        sum = files.mapToLong(f -> f.toFile().length()).sum();
      }
      assertEquals(sum, checkpoint.bytes());
    }
  }

  @Test
  void rejectsAnIndexThatDoesNotFit() throws IOException {
    shard("one.safetensors", "a");
    Path index = index("b", "one.safetensors");
    rejects("one.safetensors: no tensor b, which the index", () -> Checkpoint.open(index));
    index("a", "two.safetensors");
    rejects("two.safetensors: no such file", () -> Checkpoint.open(index));
    Files.writeString(index, "{\"weight_map\": [1]}");
    rejects("no weight_map", () -> Checkpoint.open(index));
    Files.writeString(index, "{\"weight_map\": ");
    rejects("not JSON", () -> Checkpoint.open(index));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../one.safetensors", "/x", "..", "a\\\\b", "C:x", "", "\\n/x", "\\n../../x"})
  void rejectsShardsElsewhere(String name) throws IOException {
    Path index = index("a", name);
    rejects("not beside it", () -> Checkpoint.open(index));
  }

  @Test
  void writesWhatItReads() throws IOException {
    Map<String, CheckpointTensor> tensors = new LinkedHashMap<>();
    tensors.put("byte", tensor("byte", DType.I8, new byte[] {1, 2, 3}, 3));
    tensors.put("float", tensor("float", DType.F32, Bytes.floats(1, 2, 3, 4).toArray(), 2, 2));
    tensors.put("half \"é\"", tensor("half", DType.F16, new byte[] {1, 2}));
    Path file = folder.resolve("out.safetensors");
    Safetensors.write(file, tensors, Map.of("format", "pt"));
    Safetensors.write(file, tensors, Map.of("format", "np")); // replaces
    try (Safetensors back = Safetensors.open(file)) {
      assertEquals(Map.of("format", "np"), back.metadata());
      // Wide types first: everything is aligned.
      assertEquals(List.of("float", "half \"é\"", "byte"), List.copyOf(back.tensors().keySet()));
      for (Map.Entry<String, CheckpointTensor> e : tensors.entrySet()) {
        CheckpointTensor got = back.find(e.getKey()).orElseThrow();
        assertEquals(e.getValue().shape(), got.shape());
        assertEquals(e.getValue().dtype(), got.dtype());
        assertEquals(-1, e.getValue().data().mismatch(got.data()));
        assertEquals(0, got.data().address() % got.dtype().blockBytes());
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList(), "a temporary file is left");
    }
  }

  /** Our file of the reference implementation's tensors is the reference implementation's file. */
  @Test
  void writesLikeTheReference() throws IOException {
    Path original = Shared.require("hostile/safetensors/deserialization.safetensors");
    Path copy = folder.resolve("copy.safetensors");
    try (Safetensors file = Safetensors.open(original)) {
      Safetensors.write(copy, file.tensors(), file.metadata());
      byte[] expected = Files.readAllBytes(original);
      byte[] got = Files.readAllBytes(copy);
      // The reference's sample is not padded to 8 bytes, ours is.
      assertEquals(64, got[0]);
      assertEquals(new String(expected, 8, 60), new String(got, 8, 64).strip());
      assertEquals(8 + 64 + 16, got.length);
    }
  }

  @Test
  void refusesWhatItCannotWrite() {
    Path file = folder.resolve("out.safetensors");
    CheckpointTensor blocks = tensor("q", DType.Q8_0, new byte[34], 32);
    assertThrows(
        IllegalArgumentException.class,
        () -> Safetensors.write(file, Map.of("q", blocks), Map.of()));
    CheckpointTensor flipped = tensor("w", DType.I8, new byte[2], 2, 1).transpose();
    assertThrows(
        IllegalArgumentException.class,
        () -> Safetensors.write(file, Map.of("w", flipped), Map.of()));
    assertFalse(Files.exists(file));
    Path nowhere = folder.resolve("missing").resolve("out.safetensors");
    rejects("cannot write it", () -> Safetensors.write(nowhere, Map.of(), Map.of()));
  }

  @Test
  void failureLeavesTheOldFile() throws IOException {
    Path directory = Files.createDirectories(folder.resolve("taken.safetensors").resolve("x"));
    rejects("cannot write it", () -> Safetensors.write(directory.getParent(), Map.of(), Map.of()));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
  }

  @Test
  void emptyFileHasAHeader() throws IOException {
    Path file = folder.resolve("out.safetensors");
    Safetensors.write(file, Map.of(), Map.of());
    assertArrayEquals(new Bytes().i64(8).text("{}      ").toArray(), Files.readAllBytes(file));
    assertTrue(Checkpoint.open(folder).tensors().isEmpty());
  }

  private static CheckpointTensor tensor(String name, DType type, byte[] data, long... shape) {
    return new CheckpointTensor(name, type, Shape.of(shape), MemorySegment.ofArray(data));
  }

  /** Each tensor is one byte: the first letter of its name. */
  private void shard(String file, String... names) throws IOException {
    StringBuilder header = new StringBuilder("{");
    Bytes data = new Bytes();
    for (String name : names) {
      int at = data.size();
      header
          .append(at == 0 ? "" : ",")
          .append("\"%s\":{\"dtype\":\"I8\",\"shape\":[1],".formatted(name))
          .append("\"data_offsets\":[%d,%d]}".formatted(at, at + 1));
      data.i8(name.charAt(0));
    }
    Files.write(folder.resolve(file), safetensorsFile(header + "}", data.toArray()));
  }

  private Path index(String... namesAndFiles) throws IOException {
    StringBuilder map = new StringBuilder();
    for (int i = 0; i < namesAndFiles.length; i += 2) {
      map.append(i == 0 ? "" : ",");
      map.append("\"%s\":\"%s\"".formatted(namesAndFiles[i], namesAndFiles[i + 1]));
    }
    return Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"metadata\":{\"total_size\":3},\"weight_map\":{%s}}".formatted(map));
  }
}
