package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * All kernels under Oclgrind (Debian: apt install oclgrind), an interpreter that finds accesses out
 * of bounds, data races and the use of uninitialised memory.
 */
class OclgrindTest {
  private static final Path DRIVER = Path.of("/usr/lib/oclgrind/liboclgrind-rt-icd.so");

  /**
   * Now and then Oclgrind 21.10 destroys its own heap where it watches for uninitialised memory; a
   * run that a signal ended is run again, so often.
   */
  private static final int MOST_CRASHES = 2;

  /** Processes that share the cases where they are checked for uninitialised memory. */
  private static final int RUNS = 4;

  /** Exit codes above it tell of signals. */
  private static final int SIGNALLED = 128;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(Family.class)
  void kernelsHaveNoFindings(Family family) throws Exception {
    expectNoFindings(family, Map.of("OCLGRIND_DATA_RACES", "1"), 1, 0);
  }

  /**
   * Built without the optimiser, as Oclgrind 21.10 stops at the freeze instructions it makes; on
   * one thread, as Oclgrind's threads share without locks what they know of memory; in several
   * processes, as the longer one lives the surer it destroys its own heap.
   */
  @ParameterizedTest
  @EnumSource(Family.class)
  void kernelsUseNothingUninitialised(Family family) throws Exception {
    Map<String, String> settings =
        Map.of(
            "OCLGRIND_UNINITIALIZED",
            "1",
            "OCLGRIND_BUILD_OPTIONS",
            "-cl-opt-disable",
            "OCLGRIND_NUM_THREADS",
            "1");
    for (int run = 0; run < RUNS; run++) {
      expectNoFindings(family, settings, RUNS, run);
    }
  }

  private void expectNoFindings(Family family, Map<String, String> settings, int runs, int run)
      throws IOException, InterruptedException {
    if (!Boolean.getBoolean("heed.require.opencl")) {
      assumeTrue(Files.exists(DRIVER), "no " + DRIVER);
    }
    Files.writeString(folder.resolve("oclgrind.icd"), DRIVER + "\n");
    Path log = folder.resolve("findings.log");
    Path out = folder.resolve("out.txt");
    List<String> cases = List.of(family.name(), "" + runs, "" + run);
    int exit = run(cases, settings, log, out);
    for (int crashes = 0; crashes < MOST_CRASHES && exit > SIGNALLED; crashes++) {
      exit = run(cases, settings, log, out);
    }
    String text = Files.readString(out);
    assertEquals(0, exit, text);
    assertTrue(text.contains("Oclgrind") && text.contains(OclgrindCases.END), text);
    assertEquals("", findings(log), text);
  }

  private int run(List<String> cases, Map<String, String> settings, Path log, Path out)
      throws IOException, InterruptedException {
    Process process = start(cases, settings, log, out);
    boolean ended = process.waitFor(10, TimeUnit.MINUTES);
    process.destroyForcibly();
    assertTrue(ended, () -> "not done after ten minutes: " + out);
    return process.exitValue();
  }

  private Process start(List<String> cases, Map<String, String> settings, Path log, Path out)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "-XX:TieredStopAtLevel=1",
                "-XX:ErrorFile=" + folder.resolve("crash.log"),
                "-Dheed.opencl.cache=",
                "-Dheed.require.opencl=true",
                "-cp",
                System.getProperty("java.class.path"),
                OclgrindCases.class.getName()));
    command.addAll(cases);
    ProcessBuilder java = new ProcessBuilder(command);
    java.environment().put("OCL_ICD_VENDORS", folder.toString());
    java.environment().putAll(settings);
    java.environment().put("OCLGRIND_LOG", log.toString());
    return java.redirectErrorStream(true).redirectOutput(out.toFile()).start();
  }

  private static String findings(Path log) throws IOException {
    return Files.exists(log) ? Files.readString(log).strip() : "";
  }
}
