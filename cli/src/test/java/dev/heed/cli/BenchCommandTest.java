package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BenchCommandTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "matmul --m 8 --n 16 --k 32 --dtype f32",
        "matmul --m 2 --n 64 --k 256 --dtype Q4_K",
        "matmul --m 2 --n 64 --k 256 --dtype q6_k",
        "matmul --m 3 --n 32 --k 64 --dtype q8_0",
        "matmul --m 3 --n 32 --k 64 --dtype bf16",
        "attention --queries 4 --keys 9 --heads 4 --kv-heads 2 --head-size 8 --causal",
        "norm --rows 3 --columns 5 --kind layer",
        "softmax --rows 3 --columns 5",
        "activate --rows 3 --columns 5 --fn silu"
      })
  void opsGiveRates(String op) throws IOException {
    String line = "bench op " + op + " --seconds 0.02 --device cpu --json";
    JsonNode root = Cli.run(line.split(" ")).json();
    double micros = root.path("medianMicros").asDouble();
    assertTrue(micros > 0 && root.path("gflops").asDouble() > 0, root.toString());
    assertTrue(root.path("gbPerSecond").asDouble() > 0, root.toString());
    assertTrue(root.path("minMicros").asDouble() <= micros, root.toString());
    assertEquals(op.substring(0, op.indexOf(' ')), root.path("op").asText());
  }

  /** 2 m n k operations; 4 bytes for each of m k + n k + m n elements. */
  @Test
  void aProductsRatesFollowFromItsShapeAndTime() throws IOException {
    String line = "bench op matmul --m 32 --n 48 --k 64 --seconds 0.05 --json";
    JsonNode root = Cli.run(line.split(" ")).json();
    double seconds = root.path("medianMicros").asDouble() / 1e6;
    double flops = 2.0 * 32 * 48 * 64;
    double bytes = 4.0 * (32 * 64 + 48 * 64 + 32 * 48);
    assertEquals(1, root.path("gflops").asDouble() * 1e9 * seconds / flops, 2e-3);
    assertEquals(1, root.path("gbPerSecond").asDouble() * 1e9 * seconds / bytes, 2e-3);
  }

  @Test
  void aModelGivesRatesAndSizes() throws IOException {
    Path model = TinyLlama.write(folder);
    String line =
        "bench model --prompt-tokens 6 --new-tokens 4 --runs 1 --warm-up 0 --device cpu --json --model";
    String[] args = (line + " " + model).split(" ");
    JsonNode root = Cli.run(args).json();
    assertTrue(root.path("prefillTokensPerSecond").asDouble() > 0, root.toString());
    assertTrue(root.path("decodeTokensPerSecond").asDouble() > 0, root.toString());
    assertTrue(root.path("loadSeconds").asDouble() > 0, root.toString());
    assertTrue(root.path("weightBytes").asLong() >= 4 * (2 * 160 + 256 * 2 + 128 * 2 + 3 * 384));
    assertEquals(4, root.path("newTokens").asInt());
    assertEquals("cpu", root.path("device").asText());
  }
}
