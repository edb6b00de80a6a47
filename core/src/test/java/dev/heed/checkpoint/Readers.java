package dev.heed.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BiFunction;

/** Readers over bytes in memory, for unit and fuzz tests. */
final class Readers {
  private Readers() {}

  static Safetensors safetensors(byte[] bytes) {
    return Safetensors.of(file("x.safetensors", bytes), Arena.ofConfined());
  }

  static Gguf gguf(byte[] bytes) {
    return Gguf.of(file("x.gguf", bytes), Arena.ofConfined(), true);
  }

  static OnnxInitializers onnx(byte[] bytes) {
    return OnnxInitializers.of(file("/nowhere/x.onnx", bytes), Arena.ofConfined());
  }

  /** An 8-byte length, the header and the data. */
  static byte[] safetensorsFile(String header, byte[] data) {
    byte[] json = new Bytes().text(header).toArray();
    return new Bytes().i64(json.length).raw(json).raw(data).toArray();
  }

  static MappedFile file(String name, byte[] bytes) {
    return new MappedFile(Path.of(name), MemorySegment.ofArray(bytes).asReadOnly());
  }

  /** Asserts that {@code open} fails with one line that contains {@code part}. */
  static void rejects(String part, Runnable open) {
    String message = assertThrows(CheckpointException.class, open::run).getMessage();
    assertTrue(message.contains(part), message);
    assertEquals(1, message.lines().count(), message);
  }

  /**
   * What a fuzz target does: {@code reader} either makes sense of the bytes, and then every tensor
   * and key can be read, or fails with a {@link CheckpointException} of one line.
   *
   * @return the checkpoint, already closed, or empty if it was refused
   */
  static Optional<Checkpoint> survives(
      byte[] bytes, BiFunction<MappedFile, Arena, Checkpoint> reader) {
    try (Arena arena = Arena.ofConfined()) {
      Checkpoint checkpoint = reader.apply(file("/nowhere/fuzz", bytes), arena);
      for (CheckpointTensor tensor : checkpoint.tensors().values()) {
        touch(tensor);
      }
      for (String name : checkpoint.unreadable().keySet()) {
        assertOneLine(
            assertThrows(CheckpointException.class, () -> checkpoint.find(name)).getMessage());
      }
      return Optional.of(checkpoint);
    } catch (CheckpointException e) {
      assertOneLine(e.getMessage());
      return Optional.empty();
    }
  }

  private static void touch(CheckpointTensor tensor) {
    MemorySegment data = tensor.data();
    if (data.byteSize() > 0) {
      data.get(ValueLayout.JAVA_BYTE, 0);
      data.get(ValueLayout.JAVA_BYTE, data.byteSize() - 1);
    }
    assertEquals(tensor.dtype().bytes(tensor.shape().elements()), data.byteSize());
  }

  static void assertOneLine(String message) {
    assertTrue(message.length() < 1100 && message.lines().count() == 1, message);
  }
}
