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
  /** What is wrong with each, by a part of its name: a file must not be refused by accident. */
  private static final Map<String, String> REASONS =
      Map.ofEntries(
          Map.entry("BAD_MAGIC", "does not begin with GGUF"),
          Map.entry("BAD_VERSION", "Heed reads 2 and 3"),
          Map.entry("BAD_N_TENSORS", "number of tensors"),
          Map.entry("BAD_N_KV", "number of metadata keys"),
          Map.entry("BAD_KEY_SIZE", "key 0 would be"),
          Map.entry("KV_BAD_TYPE", "has type 13"),
          Map.entry("DUPLICATE_KEY", "key my_key_0 is there twice"),
          Map.entry("BAD_ALIGN", "is 13, not a power of two"),
          Map.entry("INCONSISTENT_ALIGN", "has offset 500, expected 512"),
          Map.entry("BAD_NAME_SIZE", "name of tensor 0 would be 87 bytes"),
          Map.entry("DUPLICATE_NAME", "tensor my_tensor is there twice"),
          Map.entry("BAD_N_DIMS", "has 5 dimensions"),
          Map.entry("BAD_SHAPE", "a dimension is negative"),
          Map.entry("NE_TOO_BIG", "more elements than 64 bits"),
          Map.entry("TENSORS_BAD_TYPE", "tensor my_tensor_"),
          Map.entry("BAD_OFFSET", "has offset 18446744073709551615, expected 0"),
          Map.entry("NOT_ENOUGH_DATA", "would end at byte 903904"),
          Map.entry("incomplete_buffer", "its tensors cover 16 bytes"),
          Map.entry("header_too_large", "more than the 100000000 allowed"),
          Map.entry("header_too_small", "too few"),
          Map.entry("header_length", "would be 60 bytes"),
          Map.entry("non_utf8", "not UTF-8"),
          Map.entry("not_json", "not JSON"),
          Map.entry("invalid_info", "has 4 bytes, I32 [2, 2] needs 16"),
          Map.entry("overflow-1", "out of range, 18446744073709551614"),
          Map.entry("overflow-2", "more elements than 64 bits"),
          Map.entry("overlapping", "without hole or overlap"));

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
    List<String> reasons =
        REASONS.keySet().stream().filter(file.getFileName().toString()::contains).toList();
    assertFalse(reasons.isEmpty(), file.toString());
    assertTrue(reasons.stream().anyMatch(r -> message.contains(REASONS.get(r))), message);
  }

  private static Checkpoint open(Path file) {
    boolean headerOnly = file.getFileName().toString().contains("-TENSORS_");
    return headerOnly ? Gguf.openHeader(file) : Checkpoint.open(file);
  }
}
