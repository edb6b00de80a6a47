package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.cli.Comparison.Difference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    String line = "bench op matmul --m 32 --n 48 --k 64 --seconds 0.05 --in-a-row 3 --json";
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

  private static final String COMPARE =
      "bench compare --devices cpu,cpu --prompt-tokens 6 --new-tokens 4 --runs 3 --warm-up 0 --model ";

  @Test
  void devicesAreComparedByTheSameWork() throws IOException {
    Path page = folder.resolve("report.html");
    Path model = TinyLlama.write(folder);
    JsonNode root = Cli.run((COMPARE + model + " --json --output " + page).split(" ")).json();
    assertEquals(2, root.path("results").size());
    for (JsonNode result : root.path("results")) {
      assertEquals("cpu", result.path("device").asText());
      for (String rate : List.of("prefill tokens/s", "decode tokens/s")) {
        JsonNode spread = result.path("rates").path(rate);
        assertTrue(spread.path("least").asDouble() > 0, root.toString());
        assertTrue(spread.path("median").asDouble() >= spread.path("least").asDouble());
        assertTrue(spread.path("most").asDouble() >= spread.path("median").asDouble());
      }
    }
    JsonNode difference = root.path("results").path(1).path("difference");
    assertEquals("logits", difference.path("of").asText());
    assertEquals(0, difference.path("nmse").asDouble(1));
    assertTrue(root.path("results").path(0).path("difference").isMissingNode());
    assertTrue(Files.readString(page).contains("<h2>decode tokens/s</h2>"));
  }

  @Test
  void encoderDecodersAreComparedToo() {
    String text = Cli.run((COMPARE + Path.of("models", "dates")).split(" ")).out();
    assertTrue(text.contains("one target, tokens/s"), text);
    assertTrue(text.contains("log-probabilities beside those of cpu"), text);
    assertTrue(text.contains("NMSE 0.0e+00, at most 0.0e+00"), text);
  }

  /** 1 and 2 beside 1 and 4: 4 over 17. */
  @Test
  void differences() {
    Difference d = Difference.of(new float[] {1, 2}, new float[] {1, 4});
    assertEquals(4 / 17.0, d.nmse(), 1e-15);
    assertEquals(2, d.most());
    assertEquals("other tokens", Difference.of(new float[1], new float[2]).toString());
    assertEquals(2.5, Spread.of(4, 1, 3, 2).median());
  }
}
