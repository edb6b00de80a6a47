package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * All kernels under Oclgrind (Debian: apt install oclgrind), an interpreter that finds accesses out
 * of bounds and data races.
 */
class OclgrindTest {
  private static final Path DRIVER = Path.of("/usr/lib/oclgrind/liboclgrind-rt-icd.so");

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(Family.class)
  void kernelsHaveNoFindings(Family family) throws Exception {
    if (!Boolean.getBoolean("heed.require.opencl")) {
      assumeTrue(Files.exists(DRIVER), "no " + DRIVER);
    }
    Files.writeString(folder.resolve("oclgrind.icd"), DRIVER + "\n");
    Path log = folder.resolve("findings.log");
    Path out = folder.resolve("out.txt");
    Process process = start(family, log, out);
    boolean ended = process.waitFor(10, TimeUnit.MINUTES);
    process.destroyForcibly();
    String text = Files.readString(out);
    assertTrue(ended, () -> "not done after ten minutes: " + text);
    assertEquals(0, process.exitValue(), text);
    assertTrue(text.contains("Oclgrind"), text);
    assertEquals("", findings(log), text);
  }

  private Process start(Family family, Path log, Path out) throws IOException {
    ProcessBuilder java =
        new ProcessBuilder(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "-XX:TieredStopAtLevel=1",
                "-Dheed.opencl.cache=",
                "-Dheed.require.opencl=true",
                "-cp",
                System.getProperty("java.class.path"),
                OclgrindCases.class.getName(),
                family.name()));
    java.environment().put("OCL_ICD_VENDORS", folder.toString());
    java.environment().put("OCLGRIND_DATA_RACES", "1");
    java.environment().put("OCLGRIND_LOG", log.toString());
    return java.redirectErrorStream(true).redirectOutput(out.toFile()).start();
  }

  private static String findings(Path log) throws IOException {
    return Files.exists(log) ? Files.readString(log).strip() : "";
  }
}
