package dev.heed.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.OnDevice;
import dev.heed.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Small random models against {@code seq2seq/reference.py}, plain formulas in float64, and {@code
 * seq2seq/transformer.py}, PyTorch's own in float64.
 */
class Seq2SeqReferenceTest {
  private static final double LIMIT = 1e-5;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bart",
        "marian",
        "marian-separate",
        "mbart",
        "t5-v1.0",
        "t5-v1.1",
        "transformer-paper",
        "transformer-opennmt",
        "transformer-bare"
      })
  void statesAndLogits(String name) throws Exception {
    Path folder = Path.of(Seq2SeqReferenceTest.class.getResource("seq2seq/" + name).toURI());
    List<JsonNode> golden = cases(folder);
    List<int[]> targets = golden.stream().map(c -> ints(c.get("target"))).toList();
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        OnDevice on = new OnDevice()) {
      Config config = ModelFiles.config(folder, checkpoint);
      EncoderDecoderModel model = ModelFiles.encoderDecoder(config, on.loader(checkpoint), 16);
      ForcedDecoding run =
          new ForcedDecoding(
              on, on.ops(), model, golden.stream().map(c -> ints(c.get("source"))).toList());
      assertArrayEquals(all(golden, "memory"), run.memory(), LIMIT);
      assertArrayEquals(all(golden, "logits"), flat(run.logits(targets)), LIMIT);
      assertArrayEquals(all(golden, "logits"), flat(run.logitsOneByOne(targets)), LIMIT);
    }
  }

  private static List<JsonNode> cases(Path folder) throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    new ObjectMapper().readTree(folder.resolve("golden.json").toFile()).forEach(cases::add);
    assertEquals(2, cases.size());
    return cases;
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  /** The matrices of all cases, row behind row. */
  private static double[] all(List<JsonNode> cases, String key) {
    return cases.stream()
        .flatMap(c -> c.get(key).valueStream())
        .flatMap(JsonNode::valueStream)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  private static double[] flat(double[][][] logits) {
    return Stream.of(logits)
        .flatMap(Stream::of)
        .map(DoubleStream::of)
        .flatMapToDouble(Function.identity())
        .toArray();
  }
}
