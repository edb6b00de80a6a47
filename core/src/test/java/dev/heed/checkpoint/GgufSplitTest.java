package dev.heed.checkpoint;

import static dev.heed.checkpoint.Readers.rejects;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.tensor.Quants;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint in three files. */
class GgufSplitTest {
  @TempDir Path folder;
  private Path first;

  @BeforeEach
  void write() throws IOException {
    first =
        part(
            0,
            header(0, 3, 3).string("general.architecture", "llama").tensor("a", 0, floats(1), 1));
    part(1, header(1, 3, 3).tensor("b", 0, floats(2), 1));
    part(2, header(2, 3, 3).tensor("c", 0, floats(3), 1));
  }

  private static Bytes floats(float value) {
    return Bytes.floats(value);
  }

  /** The types are those that gguf-split writes: U16, U16, I32. */
  static GgufFile header(int number, int count, int tensors) {
    return new GgufFile()
        .pair("split.no", 2, new Bytes().i16(number))
        .pair("split.count", 2, new Bytes().i16(count))
        .pair("split.tensors.count", 5, new Bytes().i32(tensors));
  }

  private Path part(int number, GgufFile file) throws IOException {
    return Files.write(path(number), file.toArray());
  }

  private Path path(int number) {
    return folder.resolve("tiny-%05d-of-00003.gguf".formatted(number + 1));
  }

  @Test
  void isOneCheckpoint() throws IOException {
    long bytes = Files.size(path(0)) + Files.size(path(1)) + Files.size(path(2));
    for (Path path : new Path[] {first, folder}) {
      try (Checkpoint whole = Checkpoint.open(path)) {
        assertEquals(List.of("a", "b", "c"), List.copyOf(whole.tensors().keySet()));
        CheckpointTensor c = whole.find("c").orElseThrow();
        assertArrayEquals(new float[] {3}, Quants.dequantize(c.dtype(), c.data(), 0, 1));
        assertEquals(bytes, whole.bytes());
        assertEquals(first, whole.source());
      }
    }
  }

  /** As for a vocabulary alone. */
  @Test
  void theHeaderNeedsTheFirstPartOnly() throws IOException {
    Files.delete(path(1));
    try (Gguf header = Gguf.openHeader(first)) {
      assertEquals("llama", header.metadata().architecture().orElseThrow());
    }
  }

  @Test
  void missingParts() throws IOException {
    Files.delete(path(2));
    rejects(path(2) + ": no such file, a part of a split GGUF", () -> Gguf.open(first));
  }

  @Test
  void anotherPartOrName() throws IOException {
    rejects(
        "is part 2 of 3 of a split GGUF; name the first, ...-00001-of-00003.gguf",
        () -> Gguf.open(path(1)));
    Path renamed = Files.move(first, folder.resolve("tiny.gguf"));
    rejects(
        "is the first of 3 parts of a split GGUF, but its name does not end in"
            + " -00001-of-00003.gguf",
        () -> Gguf.open(renamed));
    GgufFile many = new GgufFile().pair("split.count", 11, new Bytes().i64(-2));
    rejects("is the first of -2 parts", () -> Readers.gguf(many.toArray()));
  }

  @Test
  void partsOfDifferentModels() throws IOException {
    part(1, header(2, 3, 3));
    rejects(path(1) + ": split.no is 2, its name says 1", () -> Gguf.open(first));
    part(1, header(1, 4, 3));
    rejects(path(1) + ": split.count is 4, the first part has 3", () -> Gguf.open(first));
    part(1, new GgufFile());
    rejects(path(1) + ": split.no is -1", () -> Gguf.open(first));
    part(1, header(1, 3, 3));
    rejects("split.tensors.count is 3, the parts have 2 tensors", () -> Gguf.open(first));
    part(1, header(1, 3, 3).tensor("a", 0, floats(2), 1));
    rejects("tensor a is there twice", () -> Gguf.open(first));
  }

  /** Later parts are checked as the first is. */
  @Test
  void damagedParts() throws IOException {
    byte[] whole = Files.readAllBytes(path(1));
    for (int n : new int[] {0, 4, 30, whole.length - 1}) {
      Files.write(path(1), Arrays.copyOf(whole, n));
      rejects(path(1).toString(), () -> Gguf.open(first));
    }
  }
}
