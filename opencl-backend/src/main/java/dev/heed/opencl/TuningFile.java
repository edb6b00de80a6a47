package dev.heed.opencl;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What {@code heed tune} found for a device: a small text beside the built programs, named by a
 * hash of device, driver, platform and the tuned kernels' sources, so that none of them can change
 * under it. Its first line is the SHA-256 of the rest; one that is damaged is ignored, with a
 * warning.
 */
final class TuningFile {
  private static final Logger LOG = LoggerFactory.getLogger(TuningFile.class);

  private static final Set<Path> WARNED = ConcurrentHashMap.newKeySet();

  private final Path folder;
  private final ClDevice device;
  private final Family family;

  /** The file of a device's kernels of a family, below the folder of built programs. */
  TuningFile(Path cache, ClDevice device, Family family) {
    folder = cache.resolve("tuning");
    this.device = device;
    this.family = family;
  }

  /** Where it is, or would be. */
  Path path() {
    StringBuilder sources = new StringBuilder();
    TreeSet<String> files = new TreeSet<>();
    for (Tunable.Group group : Tunable.Group.values()) {
      if (group.has(family)) {
        files.addAll(group.files());
      }
    }
    files.forEach(f -> sources.append(Source.of(f)));
    String key =
        ProgramCache.key(
            device.name(),
            device.driver(),
            device.version(),
            device.platformName(),
            family.name(),
            sources.toString());
    return folder.resolve(key + ".properties");
  }

  /** The values stored, if there are some and they are whole. */
  Optional<Map<Tunable, Integer>> read() {
    if (!Files.isDirectory(folder)) {
      return Optional.empty(); // nothing was ever tuned: no need to hash sources
    }
    Path file = path();
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      String[] hashAndText = Files.readString(file).split("\n", 2);
      if (hashAndText.length < 2 || !hashAndText[0].equals(checksum(hashAndText[1]))) {
        throw new IllegalArgumentException("its checksum does not match");
      }
      Properties lines = new Properties();
      lines.load(new StringReader(hashAndText[1]));
      return Optional.of(Tunable.parse(lines));
    } catch (IOException | IllegalArgumentException e) {
      if (WARNED.add(file)) { // devices are listed and opened many times
        LOG.warn("ignoring {}: {}; heed tune writes it anew", file, e.getMessage());
      }
      return Optional.empty();
    }
  }

  /** Stores values, in one step; says where. */
  Path write(Map<Tunable, Integer> values) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("# heed tune, ").append(Instant.now().truncatedTo(ChronoUnit.SECONDS));
    text.append(": ").append(device.name().replaceAll("\\s+", " ")).append('\n');
    values.forEach((t, v) -> text.append(t.key()).append('=').append(v).append('\n'));
    String whole = checksum(text.toString()) + "\n" + text;
    Path file = path();
    AtomicFile.write(file, whole.getBytes(StandardCharsets.UTF_8));
    return file;
  }

  private static String checksum(String text) {
    return "#" + ProgramCache.key(text);
  }
}
