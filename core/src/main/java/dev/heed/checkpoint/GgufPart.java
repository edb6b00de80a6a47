package dev.heed.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A GGUF file's header: the whole of a checkpoint's, or that of one part of a split one.
 *
 * @param file it stands in
 * @param version 2 or 3
 * @param metadata the key-value pairs
 * @param infos the tensors, in the file's order
 * @param alignment of the data section and of each tensor in it
 * @param headerEnd the first byte behind the header
 */
record GgufPart(
    MappedFile file,
    int version,
    GgufMetadata metadata,
    List<Info> infos,
    long alignment,
    long headerEnd) {
  private static final int MAGIC = 0x46554747; // "GGUF"
  private static final int BIG_ENDIAN_V3 = 0x03000000;
  private static final int MAX_DIMS = 4;
  private static final int MAX_NAME = 63; // bytes
  private static final String ALIGNMENT = "general.alignment";

  /**
   * Reads the header.
   *
   * @throws CheckpointException if it is not valid
   */
  static GgufPart read(MappedFile file) {
    GgufReader in = new GgufReader(file);
    int version = readVersion(in);
    // The least a tensor takes: name length, dimensions, type, offset; a pair: key, type, a byte.
    long tensors = in.readCount(24, "the number of tensors");
    long pairs = in.readCount(14, "the number of metadata keys");
    GgufMetadata metadata = GgufMetadata.read(in, pairs);
    long alignment = alignment(file, metadata);
    List<Info> infos = new ArrayList<>();
    for (long i = 0; i < tensors; i++) {
      infos.add(Info.read(in, i));
    }
    return new GgufPart(file, version, metadata, infos, alignment, in.position());
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
  record Info(String name, long[] dims, GgmlType type, long offset) {

    static Info read(GgufReader in, long index) {
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

  /**
   * Puts the tensors into a table: checks that they follow each other, aligned, and that the file
   * holds them.
   *
   * @param needsData whether a tensor past the end of the file is refused, or just unreadable
   */
  void place(TensorTable table, boolean needsData) {
    long start = infos.isEmpty() ? headerEnd : pad(file, headerEnd, alignment, "the header");
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
      add(table, info, problem, inside ? file.slice(start + info.offset, bytes) : null);
    }
    if (!file.contains(0, start)) {
      throw file.damaged("it ends before its data section, at byte %d", file.size());
    }
  }

  private void add(TensorTable table, Info info, String problem, MemorySegment data) {
    if (problem == null && info.type.dtype().isEmpty()) {
      problem = "is " + info.type + "; Heed reads " + Checkpoint.readableTypes();
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
}
