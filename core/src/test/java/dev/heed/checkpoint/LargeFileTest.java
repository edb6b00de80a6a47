package dev.heed.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sparse files beyond 2 and 4 GiB: offsets are 64 bits wide everywhere. */
class LargeFileTest {
  /** Elements of an F16 tensor of 5 GiB. */
  private static final long BIG = 5L << 29;

  @TempDir Path folder;

  @Test
  void safetensors() throws IOException {
    String header =
        "{\"big\":{\"dtype\":\"F16\",\"shape\":[%d,512],\"data_offsets\":[0,%d]},"
                .formatted(BIG / 512, 2 * BIG)
            + "\"last\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[%d,%d]}}"
                .formatted(2 * BIG, 2 * BIG + 1);
    byte[] start = Readers.safetensorsFile(header, new byte[0]);
    check(sparse("x.safetensors", start, start.length + 2 * BIG));
  }

  @Test
  void gguf() throws IOException {
    GgufFile file = new GgufFile();
    file.withData = false;
    file.tensor("big", 1, new Bytes(), 512, BIG / 512);
    file.tensorAt(2 * BIG, "last", 24, new Bytes(), 1);
    byte[] start = file.toArray();
    check(sparse("x.gguf", start, start.length + 2 * BIG));
  }

  private static void check(Path path) {
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      assertTrue(checkpoint.bytes() > 5L << 30);
      CheckpointTensor big = checkpoint.find("big").orElseThrow();
      assertEquals(Shape.of(BIG / 512, 512), big.shape());
      assertEquals(DType.F16.bytes(BIG), big.data().byteSize());
      assertEquals(0, big.data().get(ValueLayout.JAVA_BYTE, 2 * BIG - 1));
      CheckpointTensor last = checkpoint.find("last").orElseThrow();
      assertEquals(42, last.data().get(ValueLayout.JAVA_BYTE, 0));
    }
  }

  /** {@code start}, a hole, and 42 followed by 31 zeros at {@code at} (GGUF pads). */
  private Path sparse(String name, byte[] start, long at) throws IOException {
    Path path = folder.resolve(name);
    boolean padded = name.endsWith(".gguf");
    try (FileChannel out =
        FileChannel.open(
            path,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE)) {
      assumeTrue(
          Files.getFileStore(folder).getUsableSpace() > 1L << 30, "needs room for a sparse file");
      out.write(ByteBuffer.wrap(start));
      ByteBuffer end = ByteBuffer.allocate(padded ? 32 : 1).put(0, (byte) 42);
      out.write(end, at);
    } catch (IOException e) {
      abort("the file system has no sparse files of 5 GiB: " + e);
    }
    return path;
  }
}
