package dev.heed.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heed.OnDevice;
import dev.heed.Shared;
import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Safetensors;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The Transformer against PyTorch's and against a trained model of other people. */
class TransformerGoldenTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double LIMIT = 1e-5;

  @TempDir Path folder;

  /**
   * torch.nn.Transformer takes vectors: each becomes a row of a table. The generator begins with
   * the identity, so that the first logits are the decoder's output.
   */
  @ParameterizedTest
  @ValueSource(strings = {"0_postnorm_relu", "1_prenorm_gelu", "2_postnorm_relu"})
  void torchTransformer(String name) {
    Path file = Shared.require("golden/pytorch/transformer_" + name + ".safetensors");
    try (Safetensors golden = Safetensors.open(file);
        Arena arena = Arena.ofShared();
        OnDevice on = new OnDevice()) {
      Shape src = golden.tensors().get("__src").shape();
      Shape tgt = golden.tensors().get("__tgt").shape();
      int width = (int) src.dim(2);
      Safetensors.write(
          folder.resolve("model.safetensors"), tables(golden, width, arena), Map.of());
      try (Checkpoint model = Checkpoint.open(folder)) {
        Transformer transformer =
            new Transformer(config(golden.metadata(), width), on.loader(model), 64);
        int[] lengths =
            Arrays.stream(OnDevice.values(golden.tensors().get("__src_lengths")))
                .mapToInt(v -> (int) v)
                .toArray();
        List<int[]> targets = ids(tgt, fill((int) src.dim(0), (int) tgt.dim(1)));
        ForcedDecoding run = new ForcedDecoding(on, on.ops(), transformer, ids(src, lengths));
        double[] memory = OnDevice.values(golden.tensors().get("__memory"));
        assertArrayEquals(valid(memory, src, lengths), run.memory(), LIMIT);
        double[] out = OnDevice.values(golden.tensors().get("__out"));
        double[] once = flat(run.logits(targets), width);
        assertArrayEquals(out, once, LIMIT);
        assertArrayEquals(once, flat(run.logitsOneByOne(targets), width), 1e-6);
      }
    }
  }

  private static Config config(Map<String, String> arguments, int width) {
    ObjectNode config = JSON.createObjectNode();
    config.put("d_model", width);
    config.put("nhead", Integer.parseInt(arguments.get("heads")));
    config.put("num_encoder_layers", Integer.parseInt(arguments.get("encoder_layers")));
    config.put("num_decoder_layers", Integer.parseInt(arguments.get("decoder_layers")));
    config.put("dim_feedforward", Integer.parseInt(arguments.get("ffn")));
    config.put("activation", arguments.get("activation"));
    config.put(
        "norm_first",
        Boolean.parseBoolean(arguments.get("norm_first").toLowerCase(java.util.Locale.ROOT)));
    config.put("scale_embedding", false);
    config.putObject("positional_encoding").put("type", "none");
    return new Config("config.json", config);
  }

  private static Map<String, CheckpointTensor> tables(Checkpoint golden, int width, Arena arena) {
    Map<String, CheckpointTensor> all = new TreeMap<>(golden.tensors());
    CheckpointTensor src = all.get("__src");
    CheckpointTensor tgt = all.get("__tgt");
    long vocabulary = Math.max(tgt.shape().elements() / width, width);
    Shape outputs = Shape.of(vocabulary, width);
    MemorySegment rows = arena.allocate(DType.F32.bytes(outputs.elements()), Float.BYTES);
    rows.copyFrom(tgt.data());
    MemorySegment identity = arena.allocate(rows.byteSize(), Float.BYTES);
    for (int i = 0; i < width; i++) {
      identity.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i * width + i, 1);
    }
    put(all, "src_embedding.weight", Shape.of(src.shape().elements() / width, width), src.data());
    put(all, "tgt_embedding.weight", outputs, rows);
    put(all, "generator.weight", outputs, identity);
    return all;
  }

  private static void put(
      Map<String, CheckpointTensor> all, String name, Shape shape, MemorySegment data) {
    all.put(name, new CheckpointTensor(name, DType.F32, shape, data));
  }

  /** Row t of sequence b of [batch, tokens, width] has id b * tokens + t. */
  private static List<int[]> ids(Shape shape, int[] lengths) {
    int tokens = (int) shape.dim(1);
    return IntStream.range(0, lengths.length)
        .mapToObj(b -> IntStream.range(b * tokens, b * tokens + lengths[b]).toArray())
        .toList();
  }

  private static int[] fill(int count, int value) {
    int[] all = new int[count];
    Arrays.fill(all, value);
    return all;
  }

  /** The rows of [batch, tokens, width] within each sequence's length. */
  private static double[] valid(double[] padded, Shape shape, int[] lengths) {
    int row = (int) shape.dim(2);
    return IntStream.range(0, lengths.length)
        .boxed()
        .flatMapToDouble(
            b -> {
              int from = b * (int) shape.dim(1) * row;
              return Arrays.stream(padded, from, from + lengths[b] * row);
            })
        .toArray();
  }

  /** The first {@code columns} of each row. */
  private static double[] flat(double[][][] rows, int columns) {
    return Arrays.stream(rows)
        .flatMap(Arrays::stream)
        .flatMapToDouble(r -> Arrays.stream(r, 0, columns))
        .toArray();
  }

  @Test
  void transliterationLogProbabilities() throws IOException {
    Path model = Shared.require("models/transliterate-ar-en");
    Vocabulary source = new Vocabulary(model.resolve("source_vocab.json"));
    Vocabulary target = new Vocabulary(model.resolve("target_vocab.json"));
    JsonNode golden = JSON.readTree(model.resolve("golden.json").toFile()).get("token_scores");
    List<int[]> sources = new ArrayList<>();
    List<int[]> inputs = new ArrayList<>();
    List<int[]> wanted = new ArrayList<>();
    for (JsonNode c : golden.get("cases")) {
      sources.add(source.ids(c.get("source")));
      int[] ids = target.ids(c.get("target"));
      inputs.add(IntStream.concat(IntStream.of(target.id("<s>")), Arrays.stream(ids)).toArray());
      wanted.add(IntStream.concat(Arrays.stream(ids), IntStream.of(target.id("</s>"))).toArray());
    }
    try (OnDevice on = new OnDevice();
        Checkpoint checkpoint = Checkpoint.open(model)) {
      EncoderDecoderModel transformer =
          ModelFiles.encoderDecoder(
              ModelFiles.config(model, checkpoint), on.loader(checkpoint), 64);
      ForcedDecoding run = new ForcedDecoding(on, on.ops(), transformer, sources);
      double[][][] logits = run.logits(inputs);
      int v = transformer.decoder().vocabulary();
      assertArrayEquals(flat(logits, v), flat(run.logitsOneByOne(inputs), v), 1e-6);
      for (int c = 0; c < sources.size(); c++) {
        JsonNode expected = golden.get("cases").get(c).get("logprobs");
        for (int i = 0; i < expected.size(); i++) {
          double got = logProbability(logits[c][i], wanted.get(c)[i]);
          assertEquals(expected.get(i).asDouble(), got, LIMIT, "case " + c + " token " + i);
        }
      }
    }
  }

  private static double logProbability(double[] logits, int id) {
    double most = Arrays.stream(logits).max().orElseThrow();
    return logits[id] - most - Math.log(Arrays.stream(logits).map(l -> Math.exp(l - most)).sum());
  }

  /** Token to id. */
  private record Vocabulary(JsonNode tokens) {
    Vocabulary(Path file) throws IOException {
      this(JSON.readTree(file.toFile()));
    }

    int id(String token) {
      return tokens.path(token).asInt(tokens.get("<unk>").asInt());
    }

    int[] ids(JsonNode array) {
      return array.valueStream().mapToInt(t -> id(t.asText())).toArray();
    }
  }
}
