package dev.heed.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GpuCheckTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final GpuCheck check = new GpuCheck(new PrintStream(bytes, true, StandardCharsets.UTF_8));

  private String printed() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void saysThatThereIsNoGpu() throws IOException, InterruptedException {
    assumeTrue(!Files.exists(Path.of("/proc/driver/nvidia")), "there is a driver");
    assertEquals(1, check.run("--quick"));
    assertTrue(printed().startsWith("gpu-check: no GPU to check: no NVIDIA driver"), printed());
    assertEquals(1, printed().lines().count());
  }

  @Test
  void refusesWhatItDoesNotKnow() throws IOException, InterruptedException {
    assertEquals(2, check.run("--fast"));
    assertEquals(2, check.run("--only", "tck,everything"));
    assertTrue(printed().contains("usage"), printed());
  }

  @Test
  void aPeersFastestWayCounts() throws IOException {
    String peers =
        """
        {"version": "PyTorch 9", "ms": {"attention 1x2 heads 1/1 size 8 [flash]": 4,
         "attention 1x2 heads 1/1 size 8 [math]": 9}}
        """;
    Map<String, Double> ours = Map.of("attention 1x2 heads 1/1 size 8", 2.0);
    new BenchTable(ours, new ObjectMapper().readTree(peers))
        .print(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    assertTrue(printed().contains("4.000"), printed());
    assertTrue(printed().contains("2.00"), printed());
    assertTrue(printed().contains("PyTorch 9"), printed());
  }
}
