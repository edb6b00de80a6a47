package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogitsCommandTest {
  private static final String LLAMA_IDS =
      "1,450,1996,1735,1701,2991,432,1720,975,278,1736,1120,2988,335,338,2675,304,927,472,278,858,"
          + "912,2988";

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @TempDir private Path folder;

  @Test
  void allPositionsLandInASafetensorsFile() throws IOException {
    Path model = TinyLlama.write(folder.resolve("model"));
    Path out = folder.resolve("out.safetensors");
    String[] line = {
      "logits",
      "--model",
      model.toString(),
      "--tokens",
      "3,4,5",
      "--output",
      out.toString(),
      "--json"
    };
    assertEquals(3, Cli.run(line).json().path("tokens").asInt());
    try (Checkpoint file = Checkpoint.open(out)) {
      CheckpointTensor logits = file.find("logits").orElseThrow();
      assertEquals(Shape.of(3, TinyLlama.WORDS.size()), logits.shape());
      assertEquals(DType.F32, logits.dtype());
    }
    assertEquals(List.of("model", "out.safetensors"), names());
  }

  @Test
  void aTypeThatTheDeviceLacksIsOneLine() throws IOException {
    String model = TinyLlama.write(folder.resolve("model")).toString();
    String out = folder.resolve("out.safetensors").toString();
    List<String> line =
        List.of("logits", "--model", model, "--tokens", "3", "--output", out, "--device", "cpu");
    String[] bf16 =
        Stream.concat(line.stream(), Stream.of("--compute", "bf16")).toArray(String[]::new);
    Cli.run(bf16).fails(Main.FAILURE, "cpu does not compute in bf16: choose f32 or q8_0");
    String[] f32 =
        Stream.concat(line.stream(), Stream.of("--compute", "f32", "--json"))
            .toArray(String[]::new);
    assertEquals("f32", Cli.run(f32).json().path("compute").asText());
  }

  /** Activations of 8 bits: near the exact logits, and not the same. */
  @ParameterizedTest
  @ValueSource(strings = {"Q8_0", "Q4_0", "Q4_K_M", "Q6_K"})
  void eightBitActivationsAreAnOption(String type) throws IOException {
    Path model = Cli.shared("models/llama-4M/llama-4M-" + type + ".gguf");
    Path golden = Cli.shared("models/llama-4M/llama-4M-" + type + ".exact.logits");
    String out = folder.resolve("out.safetensors").toString();
    String[] line = {
      "logits",
      "--model",
      model.toString(),
      "--tokens",
      LLAMA_IDS,
      "--output",
      out,
      "--device",
      "cpu",
      "--compute",
      "q8_0",
      "--json"
    };
    assertEquals("q8_0", Cli.run(line).json().path("compute").asText());
    MemorySegment expected = MemorySegment.ofArray(Files.readAllBytes(golden)).asSlice(8);
    try (Checkpoint file = Checkpoint.open(Path.of(out))) {
      double nmse = nmse(file.find("logits").orElseThrow().data(), expected);
      assertTrue(nmse > 1e-8 && nmse <= 3e-3, type + ": NMSE " + nmse);
    }
  }

  /** Against a float64 implementation over ggml's own dequantised weights. */
  @ParameterizedTest
  @ValueSource(strings = {"F16", "Q8_0", "Q4_0", "Q4_K_M", "Q6_K"})
  void equalTheExactLogits(String type) throws IOException {
    Path model = Cli.shared("models/llama-4M/llama-4M-" + type + ".gguf");
    Path golden = Cli.shared("models/llama-4M/llama-4M-" + type + ".exact.logits");
    Path out = folder.resolve("out.safetensors");
    Cli.run(
            "logits",
            "--model",
            model.toString(),
            "--tokens",
            LLAMA_IDS,
            "--output",
            out.toString())
        .ok();
    MemorySegment expected = MemorySegment.ofArray(Files.readAllBytes(golden)).asSlice(8);
    try (Checkpoint file = Checkpoint.open(out)) {
      MemorySegment logits = file.find("logits").orElseThrow().data();
      assertEquals(expected.byteSize(), logits.byteSize());
      double nmse = nmse(logits, expected);
      assertTrue(nmse <= 1e-9, type + ": NMSE " + nmse);
    }
  }

  private static double nmse(MemorySegment values, MemorySegment expected) {
    double error = 0;
    double norm = 0;
    for (long i = 0; i < values.byteSize(); i += Float.BYTES) {
      double e = expected.get(FLOAT, i);
      double d = values.get(FLOAT, i) - e;
      error += d * d;
      norm += e * e;
    }
    return error / norm;
  }

  @Test
  void aFailureLeavesNoFileAndNoPart() throws IOException {
    Path model = TinyLlama.write(folder.resolve("model"));
    Path out = folder.resolve("out.safetensors");
    byte[] old = {1, 2, 3};
    Files.write(out, old);
    Cli.run("logits", "--model", model.toString(), "--tokens", "3,99", "--output", out.toString())
        .fails(Main.FAILURE, "token 99: the vocabulary has ids 0 to 9");
    assertArrayEquals(old, Files.readAllBytes(out));
    Path nowhere = folder.resolve("nowhere/out.safetensors");
    Cli.run("logits", "--model", model.toString(), "--tokens", "3", "--output", nowhere.toString())
        .fails(Main.FAILURE, "there is no folder");
    Cli.run("logits", "--model", model.toString(), "--tokens", "3", "--output", folder.toString())
        .fails(Main.FAILURE, "is a folder");
    assertEquals(List.of("model", "out.safetensors"), names());
    assertFalse(Files.exists(nowhere));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }
}
