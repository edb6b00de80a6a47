package dev.heed.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.Shared;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Files that the reference parsers accept or reject must get the same verdict here. */
class HostileFilesTest {
  @TestFactory
  List<DynamicTest> safetensors() throws IOException {
    return verdicts("hostile/safetensors");
  }

  @TestFactory
  List<DynamicTest> gguf() throws IOException {
    return verdicts("hostile/gguf");
  }

  /** Whole files that lack the data section open for their header only. */
  @Test
  void tensorsWithoutData() {
    Path file = Shared.require("hostile/gguf/seed1-TENSORS_SUCCESS.gguf");
    String message = assertThrows(CheckpointException.class, () -> Gguf.open(file)).getMessage();
    assertTrue(message.contains("would end at byte"), message);
    try (Gguf header = Gguf.openHeader(file)) {
      assertFalse(header.unreadable().isEmpty());
    }
  }

  private static List<DynamicTest> verdicts(String folder) throws IOException {
    Path manifest = Shared.require(folder + "/manifest.json");
    JsonNode files = new ObjectMapper().readTree(manifest.toFile()).get("files");
    List<DynamicTest> tests = new ArrayList<>();
    for (Map.Entry<String, JsonNode> e : files.properties()) {
      Path file = manifest.resolveSibling(e.getKey());
      boolean accept = e.getValue().get("accept").asBoolean();
      tests.add(DynamicTest.dynamicTest(e.getKey(), () -> verdict(file, accept)));
    }
    return tests;
  }

  private static void verdict(Path file, boolean accept) {
    if (accept) {
      try (Checkpoint checkpoint = open(file)) {
        assertEquals(file, checkpoint.source());
        checkpoint.tensors().values().forEach(t -> t.data().asReadOnly());
      }
      return;
    }
    String message = assertThrows(CheckpointException.class, () -> open(file)).getMessage();
    assertTrue(message.startsWith(file + ": "), message);
    assertEquals(1, message.lines().count(), message);
  }

  private static Checkpoint open(Path file) {
    boolean headerOnly = file.getFileName().toString().contains("-TENSORS_");
    return headerOnly ? Gguf.openHeader(file) : Checkpoint.open(file);
  }
}
