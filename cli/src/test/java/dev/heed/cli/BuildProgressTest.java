package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class BuildProgressTest {
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void aPersonSeesHowManyProgramsAreBuilt() throws InterruptedException {
    String said = building(true);
    assertTrue(said.contains("building kernels"), said);
    assertTrue(said.contains("3/3"), said);
  }

  @Test
  void nobodySeesNothing() throws InterruptedException {
    assertEquals("", building(false));
  }

  /** Three programs, in the order in which threads come, after a moment. */
  private String building(boolean terminal) throws InterruptedException {
    Io io =
        Io.of(new ByteArrayInputStream(new byte[0]), new ByteArrayOutputStream(), err, terminal);
    BuildProgress progress = new BuildProgress(io);
    Thread.sleep(500);
    progress.built(2, 3);
    progress.built(1, 3);
    progress.built(3, 3);
    return err.toString(StandardCharsets.UTF_8);
  }
}
