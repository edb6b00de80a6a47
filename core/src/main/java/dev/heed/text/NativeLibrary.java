package dev.heed.text;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Properties;

/**
 * Loads the native tokenizers that DJL's jar carries, from the folder that DJL would use too. DJL's
 * own loader comes second: it asks the CUDA runtime what there is, which takes 200 ms, may complain
 * and, for another flavour than the CPU's, turns to the network.
 */
final class NativeLibrary {
  private static final String FLAVOR = "RUST_FLAVOR";
  private static final String OVERRIDE = "RUST_LIBRARY_PATH";
  private static final List<String> WINDOWS_RUNTIME =
      List.of("libwinpthread-1.dll", "libgcc_s_seh-1.dll", "libstdc++-6.dll");

  private NativeLibrary() {}

  /** The loaded library. Nothing is ever fetched from a network. */
  static TokenizersLibrary load() {
    String platform = platform();
    String name = System.mapLibraryName("tokenizers");
    boolean ours =
        TokenizersLibrary.class.getClassLoader() == NativeLibrary.class.getClassLoader()
            && setting(OVERRIDE) == null
            && resource(platform, name) != null;
    if (ours) {
      loadFrom(platform, name);
    } else {
      if (setting(FLAVOR) == null) {
        System.setProperty(FLAVOR, "cpu");
      }
      LibUtils.checkStatus();
    }
    return TokenizersLibrary.LIB;
  }

  private static String platform() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch");
    return (os.startsWith("win") ? "win" : os.startsWith("mac") ? "osx" : "linux")
        + (arch.equals("amd64") ? "-x86_64" : "-" + arch);
  }

  @SuppressWarnings("restricted")
  private static void loadFrom(String platform, String name) {
    try {
      Path folder = folder("%s-cpu-%s".formatted(version(), platform));
      if (platform.startsWith("win")) {
        for (String runtime : WINDOWS_RUNTIME) {
          System.load(extract(resource(platform, runtime), folder.resolve(runtime)).toString());
        }
      }
      System.load(extract(resource(platform, name), folder.resolve(name)).toString());
    } catch (IOException e) {
      throw new TokenizerException(
          "the tokenizer library cannot be unpacked: %s; name a writable folder by DJL_CACHE_DIR"
              .formatted(e),
          e);
    }
  }

  private static URL resource(String platform, String name) {
    return TokenizersLibrary.class.getResource("/native/lib/" + platform + "/cpu/" + name);
  }

  private static String version() throws IOException {
    Properties properties = new Properties();
    try (InputStream in =
        TokenizersLibrary.class.getResourceAsStream("/native/lib/tokenizers.properties")) {
      properties.load(in);
    }
    return properties.getProperty("version");
  }

  /** ENGINE_CACHE_DIR, else DJL_CACHE_DIR, else ~/.djl.ai, else a fresh temporary folder. */
  private static Path folder(String version) throws IOException {
    String named = setting("ENGINE_CACHE_DIR");
    named = named == null ? setting("DJL_CACHE_DIR") : named;
    Path home = Path.of(System.getProperty("user.home"));
    if (named == null && !Files.isWritable(home)) {
      return Files.createTempDirectory("heed-tokenizers");
    }
    Path cache = named == null ? home.resolve(".djl.ai") : Path.of(named);
    return Files.createDirectories(cache.resolve("tokenizers").resolve(version)).toAbsolutePath();
  }

  /** Copies the resource unless it is there; other processes see the whole file or none. */
  private static Path extract(URL resource, Path file) throws IOException {
    long size = resource.openConnection().getContentLengthLong();
    if (Files.exists(file) && Files.size(file) == size) {
      return file;
    }
    Path part = Files.createTempFile(file.getParent(), "part", null);
    try (InputStream in = resource.openStream()) {
      Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      move(part, file);
    } finally {
      Files.deleteIfExists(part);
    }
    return file;
  }

  private static void move(Path part, Path file) throws IOException {
    try {
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static String setting(String name) {
    String value = System.getenv(name);
    value = value == null ? System.getProperty(name) : value;
    return value == null || value.isEmpty() ? null : value;
  }
}
