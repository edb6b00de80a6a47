package dev.heed.device.cpu;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
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
    if (Files.isReadable(CPUINFO)) {
      try (Stream<String> lines = Files.lines(CPUINFO)) {
        return lines
            .filter(l -> l.startsWith("model name") && l.contains(":"))
            .map(l -> l.substring(l.indexOf(':') + 1).strip())
            .findFirst()
            .orElse(System.getProperty("os.arch"));
      } catch (IOException | java.io.UncheckedIOException e) {
        return System.getProperty("os.arch"); // the name is for reports only
      }
    }
    return System.getProperty("os.arch");
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
