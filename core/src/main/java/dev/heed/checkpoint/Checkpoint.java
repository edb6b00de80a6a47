package dev.heed.checkpoint;

import dev.heed.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Named tensors in a file or several, memory-mapped: opening reads headers only, and data enters
 * memory when it is touched. The tensors live until {@link #close}; any thread may read and close.
 *
 * <p>A tensor whose type Heed does not compute with (I64, IQ2_XS, ...) does not keep a checkpoint
 * from opening: it is in {@link #unreadable} and asking for it fails with its type.
 */
public abstract sealed class Checkpoint implements AutoCloseable
    permits Safetensors, Gguf, OnnxInitializers {
  private final Path source;
  private final long bytes;
  private final Arena arena;
  private final TensorTable table;

  Checkpoint(Path source, long bytes, Arena arena, TensorTable table) {
    this.source = source;
    this.bytes = bytes;
    this.arena = arena;
    this.table = table;
  }

  /**
   * Opens a {@code .safetensors}, {@code .safetensors.index.json}, {@code .gguf} or {@code .onnx}
   * file, or a folder: its {@code model.safetensors}, else {@code model.safetensors.index.json},
   * else its only safetensors, GGUF (its parts count as one) or ONNX file.
   *
   * @throws CheckpointException if it is missing, damaged, or of another kind
   */
  public static Checkpoint open(Path path) {
    if (Files.isDirectory(path)) {
      return open(inFolder(path));
    }
    String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
    if (name.endsWith(".safetensors")) {
      return Safetensors.open(path);
    }
    if (name.endsWith(".index.json")) {
      return Safetensors.openSharded(path);
    }
    if (name.endsWith(".gguf")) {
      return Gguf.open(path);
    }
    if (name.endsWith(".onnx")) {
      return OnnxInitializers.open(path);
    }
    throw new CheckpointException(
        path,
        Files.exists(path)
            ? "not a checkpoint Heed reads; it needs .safetensors, .gguf or .onnx"
            : "no such file or folder; check the path");
  }

  private static Path inFolder(Path folder) {
    for (String name : List.of("model.safetensors", "model.safetensors.index.json")) {
      if (Files.isRegularFile(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.filter(Files::isRegularFile).sorted().toList();
    } catch (IOException e) {
      throw new CheckpointException(folder, "cannot list it: " + e, e);
    }
    for (String extension : List.of(".safetensors", ".gguf", ".onnx")) {
      List<Path> found =
          files.stream()
              .filter(f -> f.toString().endsWith(extension))
              .filter(f -> !GgufSplit.isLaterPart(f))
              .toList();
      if (found.size() == 1) {
        return found.getFirst();
      }
      if (found.size() > 1) {
        throw new CheckpointException(
            folder,
            "has %d %s files; name one: %s"
                .formatted(found.size(), extension, found.getFirst().getFileName()));
      }
    }
    boolean pickled =
        files.stream().anyMatch(f -> f.toString().endsWith(".bin") || f.toString().endsWith(".pt"));
    throw new CheckpointException(
        folder,
        pickled
            ? "has only pickled PyTorch weights; convert them to model.safetensors"
            : "no model.safetensors, model.safetensors.index.json, .gguf or .onnx in it");
  }

  /** The file opened: for a sharded checkpoint its index. */
  public final Path source() {
    return source;
  }

  /** Size of the file, or of all files together. */
  public final long bytes() {
    return bytes;
  }

  /** What the file is, for people: {@code safetensors}, {@code GGUF v3}, {@code ONNX}. */
  public abstract String format();

  /** All tensors Heed reads, by name, in the file's order. */
  public final Map<String, CheckpointTensor> tensors() {
    return table.tensors();
  }

  /** The other tensors: name to what they are and why they cannot be had. */
  public final Map<String, String> unreadable() {
    return table.unreadable();
  }

  /** Whether there is a tensor of this name, readable or not. */
  public final boolean contains(String name) {
    return table.contains(name);
  }

  /**
   * The tensor of this name, in the checkpoint's own naming; empty where there is none.
   *
   * @throws CheckpointException if it is there in a type Heed does not read
   */
  public final Optional<CheckpointTensor> find(String name) {
    return table.find(name, source);
  }

  /** Unmaps the files; closing twice is harmless. */
  @Override
  public final void close() {
    synchronized (table) {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }

  @Override
  public final String toString() {
    return "%s (%s, %d tensors, %d bytes)"
        .formatted(source, format(), tensors().size() + unreadable().size(), bytes);
  }

  /** For messages about a type: what would do instead. */
  static String readableTypes() {
    return Arrays.stream(DType.values()).map(DType::name).collect(Collectors.joining(", "));
  }
}
