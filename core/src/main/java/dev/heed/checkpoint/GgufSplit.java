package dev.heed.checkpoint;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The parts of a split GGUF, {@code NAME-00001-of-00003.gguf} and on, as llama.cpp's {@code
 * gguf-split} writes them: {@code split.no} counts them from 0, {@code split.count} is their
 * number, {@code split.tensors.count} that of the tensors in all of them. The first part has the
 * metadata of the whole.
 */
final class GgufSplit {
  private static final Pattern LATER = Pattern.compile("-(?!00001)[0-9]{5}-of-[0-9]{5}\\.gguf$");
  private static final String NUMBER = "split.no";
  private static final String COUNT = "split.count";
  private static final String TENSORS = "split.tensors.count";

  private final GgufPart first;
  private final long count;

  private GgufSplit(GgufPart first, long count) {
    this.first = first;
    this.count = count;
  }

  /**
   * All parts of a checkpoint, in their order; a file that is not split is the only one.
   *
   * @param open opens a file
   * @throws CheckpointException if it is not the first part, or another is missing or does not fit
   */
  static List<GgufPart> parts(GgufPart first, Function<Path, MappedFile> open) {
    long count = first.metadata().i64(COUNT, 1);
    return count == 0 || count == 1 ? List.of(first) : new GgufSplit(first, count).parts(open);
  }

  /** Whether a file is named like a part other than the first. */
  static boolean isLaterPart(Path path) {
    return LATER.matcher(path.toString()).find();
  }

  /** Maps a part. */
  static MappedFile map(Path path, Arena arena) {
    if (!Files.exists(path)) {
      throw new CheckpointException(
          path, "no such file, a part of a split GGUF; fetch it into the folder of the others");
    }
    return MappedFile.map(path, arena);
  }

  private List<GgufPart> parts(Function<Path, MappedFile> open) {
    String prefix = prefix();
    List<GgufPart> parts = new ArrayList<>(List.of(first));
    for (long number = 1; number < count; number++) {
      Path path = first.file().path().resolveSibling(prefix + suffix(number));
      parts.add(part(open.apply(path), number));
    }
    long tensors = parts.stream().mapToLong(part -> part.infos().size()).sum();
    long expected = first.metadata().i64(TENSORS, tensors);
    if (tensors != expected) {
      throw wrong(first, "%s is %d, the parts have %d tensors", TENSORS, expected, tensors);
    }
    return parts;
  }

  /** What the names of the parts begin with. */
  private String prefix() {
    long number = first.metadata().i64(NUMBER, 0);
    if (number != 0) {
      throw new CheckpointException(
          first.file().path(),
          "is part %d of %d of a split GGUF; name the first, ...%s"
              .formatted(number + 1, count, suffix(0)));
    }
    String name = String.valueOf(first.file().path().getFileName());
    if (count < 0 || !name.endsWith(suffix(0))) {
      throw new CheckpointException(
          first.file().path(),
          "is the first of %d parts of a split GGUF, but its name does not end in %s; name the parts so"
              .formatted(count, suffix(0)));
    }
    return name.substring(0, name.length() - suffix(0).length());
  }

  private String suffix(long number) {
    return "-%05d-of-%05d.gguf".formatted(number + 1, count);
  }

  private GgufPart part(MappedFile file, long number) {
    GgufPart part = GgufPart.read(file);
    long own = part.metadata().i64(NUMBER, -1);
    if (own != number) {
      throw wrong(part, "%s is %d, its name says %d", NUMBER, own, number);
    }
    long parts = part.metadata().i64(COUNT, -1);
    if (parts != count) {
      throw wrong(part, "%s is %d, the first part has %d", COUNT, parts, count);
    }
    return part;
  }

  private static CheckpointException wrong(GgufPart part, String format, Object... args) {
    return new CheckpointException(
        part.file().path(),
        format.formatted(args) + "; the parts do not belong together, fetch them again");
  }
}
