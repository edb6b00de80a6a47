package dev.heed.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes safetensors files; see {@link Safetensors#write}. */
final class SafetensorsWriter {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A write of more than an int can count goes in pieces of this many bytes. */
  private static final long PIECE = 1L << 26;

  private SafetensorsWriter() {}

  static void write(
      Path path, Map<String, CheckpointTensor> tensors, Map<String, String> metadata) {
    List<Map.Entry<String, CheckpointTensor>> sorted = new ArrayList<>(tensors.entrySet());
    sorted.sort((a, b) -> b.getValue().dtype().blockBytes() - a.getValue().dtype().blockBytes());
    byte[] header = header(path, sorted, metadata);
    String unique = ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime());
    Path temporary = path.resolveSibling("." + path.getFileName() + "." + unique);
    try {
      try {
        writeTo(temporary, header, sorted);
        Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new CheckpointException(path, "cannot write it: " + e, e);
    }
  }

  private static void writeTo(
      Path file, byte[] header, List<Map.Entry<String, CheckpointTensor>> tensors)
      throws IOException {
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
      ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      writeFully(out, length.putLong(0, header.length));
      writeFully(out, ByteBuffer.wrap(header));
      for (Map.Entry<String, CheckpointTensor> e : tensors) {
        writeFully(out, e.getValue().data());
      }
      out.force(true);
    }
  }

  /** JSON padded with spaces to 8 bytes. */
  private static byte[] header(
      Path path, List<Map.Entry<String, CheckpointTensor>> tensors, Map<String, String> metadata) {
    ObjectNode root = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      metadata.forEach(root.putObject("__metadata__")::put);
    }
    long at = 0;
    for (Map.Entry<String, CheckpointTensor> e : tensors) {
      CheckpointTensor tensor = e.getValue();
      if (tensor.dtype().isBlock() || tensor.transposed() || e.getKey().equals("__metadata__")) {
        throw new IllegalArgumentException(
            "%s: safetensors cannot hold tensor %s, %s%s"
                .formatted(
                    path, e.getKey(), tensor.dtype(), tensor.transposed() ? ", transposed" : ""));
      }
      ObjectNode node = root.putObject(e.getKey());
      node.put("dtype", tensor.dtype().name());
      node.putPOJO("shape", tensor.shape().toArray());
      node.putPOJO("data_offsets", new long[] {at, at + tensor.data().byteSize()});
      at += tensor.data().byteSize();
    }
    try {
      String json = JSON.writeValueAsString(root);
      int bytes = json.getBytes(StandardCharsets.UTF_8).length;
      String padded = json + " ".repeat((8 - bytes % 8) % 8);
      if (bytes > SafetensorsHeader.MAX_BYTES) {
        throw new IllegalArgumentException(path + ": a header of " + bytes + " bytes is too long");
      }
      return padded.getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new CheckpointException(path, "cannot write its header: " + e.getOriginalMessage(), e);
    }
  }

  private static void writeFully(FileChannel out, MemorySegment data) throws IOException {
    for (long at = 0; at < data.byteSize(); at += PIECE) {
      long n = Math.min(PIECE, data.byteSize() - at);
      writeFully(out, data.asSlice(at, n).asByteBuffer());
    }
  }

  private static void writeFully(FileChannel out, ByteBuffer data) throws IOException {
    while (data.hasRemaining()) {
      out.write(data);
    }
  }
}
