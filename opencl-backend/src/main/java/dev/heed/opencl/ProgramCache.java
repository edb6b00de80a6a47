package dev.heed.opencl;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Built programs on disk, a file each. A file begins with the SHA-256 of what follows, so that a
 * damaged one is told from a good one; files appear by an atomic rename. A folder that cannot be
 * written costs time, not correctness: it is logged once and programs are built again.
 */
final class ProgramCache {
  private static final Logger LOG = LoggerFactory.getLogger(ProgramCache.class);
  private static final int HASH = 32;

  private final Path folder;
  private boolean warned;

  ProgramCache(Path folder) {
    this.folder = folder;
  }

  /** The name under which a program built from all of these is kept. */
  static String key(String... parts) {
    MessageDigest digest = sha256();
    for (String part : parts) {
      byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
      digest.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
      digest.update(bytes);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The binary kept under a key, if it is there and whole. */
  Optional<byte[]> read(String key) {
    Path file = folder.resolve(key);
    try {
      if (!Files.isRegularFile(file)) {
        return Optional.empty();
      }
      byte[] all = Files.readAllBytes(file);
      if (all.length <= HASH) {
        return Optional.empty();
      }
      byte[] binary = Arrays.copyOfRange(all, HASH, all.length);
      boolean whole = Arrays.equals(all, 0, HASH, sha256().digest(binary), 0, HASH);
      return whole ? Optional.of(binary) : Optional.empty();
    } catch (IOException e) {
      warn("read", e);
      return Optional.empty();
    }
  }

  /** Keeps a binary. */
  void write(String key, byte[] binary) {
    try {
      byte[] all = Arrays.copyOf(sha256().digest(binary), HASH + binary.length);
      System.arraycopy(binary, 0, all, HASH, binary.length);
      AtomicFile.write(folder.resolve(key), all);
    } catch (IOException e) {
      warn("write", e);
    }
  }

  private synchronized void warn(String what, IOException e) {
    if (!warned) {
      warned = true;
      LOG.warn("cannot {} built OpenCL programs in {}: {}", what, folder, e.toString());
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new UncheckedIOException(new IOException(e)); // every JDK has it
    }
  }
}
