package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressTest {
  @Test
  void aPersonSeesHowMuchOfWhatIsDone() throws InterruptedException {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Io io = Io.of(new ByteArrayInputStream(new byte[0]), new ByteArrayOutputStream(), err, true);
    try (Progress bar = new Progress(io, "tuning", "", 1)) {
      Thread.sleep(500);
      bar.at(3, 48, "matmul_local");
    }
    String said = err.toString(StandardCharsets.UTF_8);
    assertTrue(said.contains("3/48"), said);
    assertTrue(said.contains("matmul_local"), said);
  }
}
