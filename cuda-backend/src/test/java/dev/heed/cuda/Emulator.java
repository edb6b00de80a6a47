package dev.heed.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A driver without a GPU: src/test/emulator, compiled by g++ together with the kernels, loaded
 * under the driver's name so that JCuda and the downcalls find it. Tests that need it are skipped,
 * and say why, without g++, off x86-64 Linux, and where there is a real driver.
 */
final class Emulator {
  /**
   * Of tests in whose JVM it is the driver: the build runs them apart from those that want none.
   */
  static final String TAG = "emulator";

  private static final Path SOURCES = Path.of("src/test/emulator");
  private static final Path KERNELS = Path.of("../kernels/src/main/resources/kernels/cuda");
  private static final Path LIBRARY = Path.of("target/emulator/libcuda.so.1");

  private static boolean loaded;

  private Emulator() {}

  /** Makes it the driver of this JVM. */
  @SuppressWarnings("restricted")
  static synchronized void load() {
    String os = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    assumeTrue(os.equals("Linux amd64"), "the emulator runs on x86-64 Linux, not on " + os);
    assumeTrue(!Files.exists(Path.of("/proc/driver/nvidia")), "there is a real NVIDIA driver");
    if (!loaded) {
      build();
      System.load(LIBRARY.toAbsolutePath().toString());
      loaded = true;
    }
  }

  /** Opens its only device. */
  static Device open() {
    return open(Options.OFF);
  }

  static Device open(Options options) {
    load();
    CudaProvider provider =
        new CudaProvider(DriverCu::new, capability -> new byte[1], () -> options);
    return provider.open(provider.discover().devices().getFirst());
  }

  private static void build() {
    try {
      if (Files.exists(LIBRARY) && newest() < Files.getLastModifiedTime(LIBRARY).toMillis()) {
        return;
      }
      Files.createDirectories(LIBRARY.getParent());
      Process compiler =
          new ProcessBuilder(command())
              .redirectErrorStream(true)
              .redirectOutput(LIBRARY.resolveSibling("g++.log").toFile())
              .start();
      boolean ended = compiler.waitFor(300, TimeUnit.SECONDS);
      String log = Files.readString(LIBRARY.resolveSibling("g++.log"));
      if (!ended || compiler.exitValue() != 0) {
        throw new IllegalStateException("g++ fails on the emulator:\n" + log);
      }
    } catch (IOException e) {
      assumeTrue(false, "no g++ for the emulated driver: " + e.getMessage());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> command() {
    return Stream.concat(
            Stream.of(
                ("g++ -std=c++17 -O2 -fPIC -shared -fvisibility=hidden -ffp-contract=off -mfma"
                        + " -mf16c -Wno-unknown-pragmas -Wl,-soname,libcuda.so.1")
                    .split(" ")),
            Stream.of(
                "-I" + SOURCES,
                "-I" + KERNELS,
                SOURCES + "/kernels.cpp",
                SOURCES + "/fibers.cpp",
                SOURCES + "/hopper.cpp",
                SOURCES + "/libcuda.cpp",
                "-o",
                LIBRARY.toString()))
        .toList();
  }

  private static long newest() throws IOException {
    long newest = 0;
    for (Path folder : List.of(SOURCES, KERNELS)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          newest = Math.max(newest, Files.getLastModifiedTime(file).toMillis());
        }
      }
    }
    return newest;
  }
}
