package dev.heed.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/**
 * GGUF version 2 and 3, little-endian: typed metadata and tensors. Shapes are reversed on reading:
 * GGUF counts dimensions from the fastest, Heed from the slowest. The checks are those of ggml's
 * {@code gguf.cpp}, with keys bounded as the specification ({@code docs/gguf.md}) says.
 *
 * <p>Names are GGUF's own here; {@link Weights} answers to Hugging Face's.
 */
public final class Gguf extends Checkpoint {
  private static final int MAGIC = 0x46554747; // "GGUF"
  private static final int BIG_ENDIAN_V3 = 0x03000000;
  private static final int MAX_DIMS = 4;
  private static final int MAX_NAME = 63; // bytes
  private static final String ALIGNMENT = "general.alignment";

  private final int version;
  private final GgufMetadata metadata;

  private Gguf(
      MappedFile file, Arena arena, TensorTable table, int version, GgufMetadata metadata) {
    super(file.path(), file.size(), arena, table);
    this.version = version;
    this.metadata = metadata;
  }

  /**
   * Opens a {@code .gguf} file.
   *
   * @throws CheckpointException if it is missing, not valid, or lacks data of a tensor
   */
  public static Gguf open(Path path) {
    return MappedFile.open(path, (file, arena) -> of(file, arena, true));
  }

  /**
   * Opens a {@code .gguf} file that may end after its header, as files made for their vocabulary
   * do: tensors without data are {@link #unreadable}.
   *
   * @throws CheckpointException if it is missing, or its header is not valid
   */
  public static Gguf openHeader(Path path) {
    return MappedFile.open(path, (file, arena) -> of(file, arena, false));
  }

  static Gguf of(MappedFile file, Arena arena, boolean needsData) {
    GgufReader in = new GgufReader(file);
    int version = readVersion(in);
    // The least a tensor takes: name length, dimensions, type, offset; a pair: key, type, a byte.
    long tensors = in.readCount(24, "the number of tensors");
    long pairs = in.readCount(14, "the number of metadata keys");
    GgufMetadata metadata = GgufMetadata.read(in, pairs);
    if (metadata.i64("split.count", 1) > 1) {
      throw new CheckpointException(
          file.path(), "is a part of a split GGUF; merge the parts (llama-gguf-split --merge)");
    }
    long alignment = alignment(file, metadata);
    Info[] infos = new Info[(int) Math.min(tensors, Integer.MAX_VALUE - 8)];
    for (int i = 0; i < infos.length; i++) {
      infos[i] = Info.read(in, i);
    }
    TensorTable table = new TensorTable();
    place(file, table, infos, alignment, in.position(), needsData);
    return new Gguf(file, arena, table, version, metadata);
  }

  private static int readVersion(GgufReader in) {
    MappedFile file = in.file();
    if (in.readInt("the magic number") != MAGIC) {
      throw file.damaged("it does not begin with GGUF");
    }
    int version = in.readInt("the version");
    if (version == BIG_ENDIAN_V3) {
      throw new CheckpointException(file.path(), "is a big-endian GGUF; convert it again");
    }
    if (version != 2 && version != 3) {
      throw new CheckpointException(
          file.path(),
          "is GGUF version %s; Heed reads 2 and 3, convert it again"
              .formatted(Integer.toUnsignedString(version)));
    }
    return version;
  }

  private static long alignment(MappedFile file, GgufMetadata metadata) {
    if (!metadata.has(ALIGNMENT)) {
      return 32;
    }
    if (!metadata.isU32(ALIGNMENT)) {
      throw file.damaged("key %s is not U32", ALIGNMENT);
    }
    long alignment = metadata.i64(ALIGNMENT);
    if (Long.bitCount(alignment) != 1) {
      throw file.damaged("key %s is %d, not a power of two", ALIGNMENT, alignment);
    }
    return alignment;
  }

  /** One tensor of the header; {@code offset} counts from the data section. */
  private record Info(String name, long[] dims, GgmlType type, long offset) {

    static Info read(GgufReader in, int index) {
      String name = in.readString(MAX_NAME, "the name of tensor " + index);
      String what = "tensor " + name;
      int rank = in.readInt(what);
      if (rank < 0 || rank > MAX_DIMS) {
        throw in.file()
            .damaged("%s has %s dimensions, 0 to 4 are allowed", what, rank & 0xffffffffL);
      }
      long[] dims = new long[rank];
      for (int i = rank - 1; i >= 0; i--) {
        dims[i] = in.readLong(what);
      }
      int id = in.readInt(what);
      Optional<GgmlType> type = GgmlType.of(id);
      if (type.isEmpty()) {
        throw new CheckpointException(
            in.file().path(),
            "%s has type %d, which is no tensor type (damaged, or newer than Heed)"
                .formatted(what, id));
      }
      return new Info(name, dims, type.get(), in.readLong(what));
    }

    /** Bytes of the data. */
    long bytes(MappedFile file) {
      long elements = file.shape(name, dims).elements();
      long row = dims.length == 0 ? 1 : dims[dims.length - 1];
      if (row % type.blockSize != 0) {
        throw file.damaged(
            "tensor %s has rows of %d elements, not whole %s blocks of %d",
            name, row, type, type.blockSize);
      }
      try {
        return Math.multiplyExact(elements / type.blockSize, (long) type.blockBytes);
      } catch (ArithmeticException e) {
        throw file.damaged("tensor %s has more bytes than 64 bits count", name);
      }
    }
  }

  /** Checks that the tensors follow each other, aligned, and that the file holds them. */
  private static void place(
      MappedFile file,
      TensorTable table,
      Info[] infos,
      long alignment,
      long headerEnd,
      boolean needsData) {
    long start = infos.length == 0 ? headerEnd : pad(file, headerEnd, alignment, "the header");
    long at = 0;
    for (Info info : infos) {
      if (info.offset != at) {
        throw file.damaged(
            "tensor %s has offset %s, expected %d",
            info.name, Long.toUnsignedString(info.offset), at);
      }
      long bytes = info.bytes(file);
      at = pad(file, at, bytes, alignment, info.name);
      boolean inside = file.contains(start, at);
      if (needsData && !inside) {
        throw file.damaged(
            "tensor %s would end at byte %s, the file has %d",
            info.name, Long.toUnsignedString(start + at), file.size());
      }
      String problem = inside ? null : "has no data in this file";
      add(file, table, info, problem, inside ? file.slice(start + info.offset, bytes) : null);
    }
    if (!file.contains(0, start)) {
      throw file.damaged("it ends before its data section, at byte %d", file.size());
    }
  }

  private static void add(
      MappedFile file, TensorTable table, Info info, String problem, MemorySegment data) {
    if (problem == null && info.type.dtype().isEmpty()) {
      problem = "is " + info.type + "; Heed reads " + readableTypes();
    }
    boolean fresh =
        problem != null
            ? table.addUnreadable(info.name, problem)
            : table.add(
                new CheckpointTensor(
                    info.name,
                    info.type.dtype().orElseThrow(),
                    file.shape(info.name, info.dims),
                    data));
    if (!fresh) {
      throw file.damaged("tensor %s is there twice", info.name);
    }
  }

  private static long pad(MappedFile file, long end, long alignment, String what) {
    return pad(file, 0, end, alignment, what);
  }

  /** {@code at + bytes} rounded up to the alignment. */
  private static long pad(MappedFile file, long at, long bytes, long alignment, String what) {
    long end = at + bytes;
    if (end < 0 || end > Long.MAX_VALUE - alignment) {
      throw file.damaged("the end of %s does not fit 64 bits", what);
    }
    return (end + alignment - 1) & -alignment;
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
