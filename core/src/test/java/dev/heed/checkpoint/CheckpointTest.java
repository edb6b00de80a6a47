package dev.heed.checkpoint;

import static dev.heed.checkpoint.Readers.rejects;
import static dev.heed.checkpoint.Readers.safetensorsFile;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which file {@link Checkpoint#open} picks, and how it says that there is none. */
class CheckpointTest {
  private static final byte[] SAFETENSORS =
      safetensorsFile(
          "{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}}", new byte[] {9});
  private static final byte[] GGUF = new GgufFile().toArray();
  private static final byte[] ONNX = new OnnxFile().toArray();

  @TempDir Path folder;

  @Test
  void opensByName() throws IOException {
    assertInstanceOf(Safetensors.class, open(write("x.safetensors", SAFETENSORS)));
    assertInstanceOf(Gguf.class, open(write("x.gguf", GGUF)));
    assertInstanceOf(OnnxInitializers.class, open(write("x.onnx", ONNX)));
  }

  @Test
  void aFolderPrefersSafetensors() throws IOException {
    write("a.onnx", ONNX);
    assertInstanceOf(OnnxInitializers.class, open(folder));
    write("b.gguf", GGUF);
    assertInstanceOf(Gguf.class, open(folder));
    write("other.safetensors", SAFETENSORS);
    assertEquals(folder.resolve("other.safetensors"), open(folder).source());
    write("model.safetensors", SAFETENSORS);
    assertEquals(folder.resolve("model.safetensors"), open(folder).source());
  }

  @Test
  void aFolderThatLeavesAChoice() throws IOException {
    rejects("no model.safetensors, model.safetensors.index.json,", () -> open(folder));
    write("pytorch_model.bin", new byte[3]);
    rejects("only pickled PyTorch weights", () -> open(folder));
    write("a.gguf", GGUF);
    write("b.gguf", GGUF);
    rejects("has 2 .gguf files; name one: a.gguf", () -> open(folder));
  }

  @Test
  void whatIsNotThereOrNotACheckpoint() throws IOException {
    rejects("no such file", () -> open(folder.resolve("missing.gguf")));
    rejects("no such file or folder", () -> open(folder.resolve("missing")));
    Path text = write("notes.txt", new byte[3]);
    rejects("notes.txt: not a checkpoint Heed reads", () -> open(text));
    Path empty = write("empty.safetensors", new byte[0]);
    rejects("0 bytes are too few", () -> open(empty));
    Path none = write("empty.gguf", new byte[0]);
    rejects("it ends at byte 0", () -> open(none));
    Path nothing = write("empty.onnx", new byte[0]);
    rejects("not an ONNX model", () -> open(nothing));
  }

  @Test
  void closesOnceAndForAll() throws IOException {
    Checkpoint checkpoint = open(write("x.safetensors", SAFETENSORS));
    MemorySegment data = checkpoint.find("a").orElseThrow().data();
    assertEquals(9, data.get(ValueLayout.JAVA_BYTE, 0));
    checkpoint.close();
    checkpoint.close();
    assertThrows(IllegalStateException.class, () -> data.get(ValueLayout.JAVA_BYTE, 0));
  }

  @Test
  void mapsReadOnly() throws IOException {
    try (Checkpoint checkpoint = open(write("x.safetensors", SAFETENSORS))) {
      MemorySegment data = checkpoint.find("a").orElseThrow().data();
      assertThrows(
          IllegalArgumentException.class, () -> data.set(ValueLayout.JAVA_BYTE, 0, (byte) 1));
    }
  }

  private static Checkpoint open(Path path) {
    return Checkpoint.open(path);
  }

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }
}
