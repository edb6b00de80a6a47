package dev.heed.device.cpu;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the machine says of itself. */
final class Processor {
  private static final Path CPUINFO = Path.of("/proc/cpuinfo");

  private static final boolean MANAGED =
      ModuleLayer.boot().findModule("jdk.management").isPresent();

  private static final Logger LOG = LoggerFactory.getLogger(CpuDevice.class);
  private static final AtomicBoolean WARNED = new AtomicBoolean();

  private Processor() {}

  /**
   * Whether kernels may use the Vector API: its module is there and {@code -Dheed.cpu.vector=false}
   * is not.
   *
   * @param warn say once how to add the module, if it is missing
   */
  static boolean hasVectors(boolean warn) {
    if (!Boolean.parseBoolean(System.getProperty("heed.cpu.vector", "true"))) {
      return false;
    }
    boolean there = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    if (warn && !there && WARNED.compareAndSet(false, true)) {
      LOG.warn(
          "The CPU device runs plain scalar kernels, many times slower than vectors:"
              + " start java with --add-modules jdk.incubator.vector");
    }
    return there;
  }

  /** The processor's name and the number of cores Java may use. */
  static String name() {
    return "%s, %d threads".formatted(model(), Runtime.getRuntime().availableProcessors());
  }

  private static String model() {
    return cpuinfo("model name").orElse(System.getProperty("os.arch"));
  }

  /**
   * Whether kernels may be machine code made at run time: {@code -Dheed.cpu.code=false} is not
   * there, and this is Linux on an x86-64 processor that multiplies bytes in vectors of 512 bits.
   */
  static boolean mayRunCode() {
    return Boolean.parseBoolean(System.getProperty("heed.cpu.code", "true"))
        && System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux")
        && System.getProperty("os.arch", "").equals("amd64")
        && flags().containsAll(List.of("avx512f", "avx512_vnni"));
  }

  /** What Linux says that the processor has and may be used; empty where it says nothing. */
  private static List<String> flags() {
    return List.of(cpuinfo("flags").orElse("").split(" "));
  }

  /** A line of Linux's description of the first core. */
  private static Optional<String> cpuinfo(String key) {
    if (!Files.isReadable(CPUINFO)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(CPUINFO)) {
      return lines
          .filter(l -> l.startsWith(key) && l.contains(":"))
          .map(l -> l.substring(l.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException | java.io.UncheckedIOException e) {
      return Optional.empty(); // then nothing special is known of it
    }
  }

  /** Physical memory, or the limit of the container; the Java heap's limit where nobody knows. */
  static long memoryBytes() {
    return MANAGED ? Management.SYSTEM.getTotalMemorySize() : Runtime.getRuntime().maxMemory();
  }

  /** Memory nobody uses at the moment. */
  static long freeMemoryBytes() {
    return MANAGED ? Management.SYSTEM.getFreeMemorySize() : Runtime.getRuntime().freeMemory();
  }

  /** Loaded only where its module is there. */
  private static final class Management {
    static final com.sun.management.OperatingSystemMXBean SYSTEM =
        ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
  }
}
