package dev.heed.checkpoint;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/**
 * GGUF version 2 and 3, little-endian: typed metadata and tensors. Shapes are reversed on reading:
 * GGUF counts dimensions from the fastest, Heed from the slowest. The checks are those of ggml's
 * {@code gguf.cpp}, with keys bounded as the specification ({@code docs/gguf.md}) says.
 *
 * <p>Names are GGUF's own here; {@link Weights} answers to Hugging Face's.
 */
public final class Gguf extends Checkpoint {
  private final int version;
  private final GgufMetadata metadata;

  private Gguf(MappedFile file, long bytes, Arena arena, TensorTable table, GgufPart first) {
    super(file.path(), bytes, arena, table);
    this.version = first.version();
    this.metadata = first.metadata();
  }

  /**
   * Opens a {@code .gguf} file; with the first part of a split one ({@code
   * NAME-00001-of-00003.gguf}) the others beside it.
   *
   * @throws CheckpointException if it or a part is missing, not valid, or lacks data of a tensor
   */
  public static Gguf open(Path path) {
    return MappedFile.open(path, (file, arena) -> of(file, arena, true));
  }

  /**
   * Opens a {@code .gguf} file that may end after its header, as files made for their vocabulary
   * do: tensors without data are {@link #unreadable}. Of a split file it opens this part only.
   *
   * @throws CheckpointException if it is missing, or its header is not valid
   */
  public static Gguf openHeader(Path path) {
    return MappedFile.open(path, (file, arena) -> of(file, arena, false));
  }

  static Gguf of(MappedFile file, Arena arena, boolean needsData) {
    return of(file, arena, needsData, path -> GgufSplit.map(path, arena));
  }

  /**
   * The same.
   *
   * @param others opens further parts of a split file
   */
  static Gguf of(
      MappedFile file, Arena arena, boolean needsData, Function<Path, MappedFile> others) {
    GgufPart first = GgufPart.read(file);
    List<GgufPart> parts = needsData ? GgufSplit.parts(first, others) : List.of(first);
    TensorTable table = new TensorTable();
    parts.forEach(part -> part.place(table, needsData));
    long bytes = parts.stream().mapToLong(part -> part.file().size()).sum();
    return new Gguf(file, bytes, arena, table, first);
  }

  @Override
  public String format() {
    return "GGUF v" + version;
  }

  /** The typed key-value pairs. */
  public GgufMetadata metadata() {
    return metadata;
  }
}
