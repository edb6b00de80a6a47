package dev.heed.nn;

import static dev.heed.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.OnDevice;
import dev.heed.Shared;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Safetensors;
import dev.heed.op.Activation;
import dev.heed.op.Bias;
import dev.heed.op.NormKind;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Layers of encoder and decoder against PyTorch's own expected values: width 4, 2 heads, post-norm,
 * every parameter cos(0), cos(1), .. and masks that hide keys in the middle.
 */
class LayersGoldenTest {
  private static final int WIDTH = 4;
  private static final int HEADS = 2;
  private static final int DIM = WIDTH / HEADS;
  private static final int INNER = 16;

  @TempDir Path folder;

  private Safetensors parameters() {
    Map<String, CheckpointTensor> all = new TreeMap<>();
    for (String attention : new String[] {"self_attn.", "multihead_attn."}) {
      cosines(all, attention + "in_proj_weight", 3 * WIDTH, WIDTH);
      cosines(all, attention + "in_proj_bias", 3 * WIDTH);
      cosines(all, attention + "out_proj.weight", WIDTH, WIDTH);
      cosines(all, attention + "out_proj.bias", WIDTH);
    }
    cosines(all, "linear1.weight", INNER, WIDTH);
    cosines(all, "linear1.bias", INNER);
    cosines(all, "linear2.weight", WIDTH, INNER);
    cosines(all, "linear2.bias", WIDTH);
    cosines(all, "norm.weight", WIDTH);
    cosines(all, "norm.bias", WIDTH);
    Path file = folder.resolve("layer.safetensors");
    Safetensors.write(file, all, Map.of());
    return Safetensors.open(file);
  }

  private static void cosines(Map<String, CheckpointTensor> all, String name, long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.cos(i);
    }
    all.put(
        name,
        new CheckpointTensor(
            name, DType.F32, shape, Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values)));
  }

  private static JsonNode golden() throws IOException {
    return new ObjectMapper()
        .readTree(Shared.require("golden/pytorch-layers/golden.json").toFile());
  }

  @Test
  void encoderLayers() throws IOException {
    JsonNode golden = golden();
    try (OnDevice on = new OnDevice();
        Safetensors file = parameters()) {
      for (JsonNode c : golden.get("encoder")) {
        Sequence x = new Sequence(on, c.get("x"));
        EncoderLayer layer =
            new EncoderLayer(
                attention(on.loader(file), x.mask(c.get("mask"), x.tokens)),
                addNorm(on.loader(file)),
                feedForward(on.loader(file), c.get("act").asText()),
                addNorm(on.loader(file)));
        layer.forward(on.ops(), on.workspace(), x.rows, x.within());
        assertClose(values(c.get("y")), on.values(x.rows), 1e-5);
      }
    }
  }

  @Test
  void decoderLayers() throws IOException {
    JsonNode golden = golden();
    try (OnDevice on = new OnDevice();
        Safetensors file = parameters()) {
      for (JsonNode c : golden.get("decoder")) {
        Sequence x = new Sequence(on, c.get("x"));
        Sequence memory = new Sequence(on, c.get("m"));
        CrossAttention cross =
            CrossAttention.ofTorch(on.loader(file).at("multihead_attn"), WIDTH, WIDTH, HEADS);
        DecoderLayer layer =
            new DecoderLayer(
                attention(on.loader(file), x.mask(c.get("tmask"), x.tokens)),
                addNorm(on.loader(file)),
                Optional.of(
                    new DecoderLayer.Cross(
                        masked(cross, x.mask(c.get("mmask"), memory.tokens)),
                        addNorm(on.loader(file)))),
                feedForward(on.loader(file), c.path("act").asText("relu")),
                addNorm(on.loader(file)));
        run(on, layer, x, memory);
        assertClose(values(c.get("y")), on.values(x.rows), 1e-5);
      }
    }
  }

  private static void run(OnDevice on, DecoderLayer layer, Sequence x, Sequence memory) {
    CrossCache sources =
        CrossCache.allocate(
            on.device(),
            1,
            Shape.of(memory.rows.shape().dim(0), HEADS, DIM),
            DType.F32,
            memory.within().starts(),
            memory.within().lengths(),
            memory.tokens,
            on.arena());
    layer
        .cross()
        .orElseThrow()
        .attention()
        .project(on.ops(), memory.rows, sources.layers().getFirst());
    int[] pages = IntStream.range(0, x.batch).toArray();
    KvCache cache =
        KvCache.allocate(
            on.device(),
            1,
            Shape.of(x.batch, x.tokens, HEADS, DIM),
            DType.F32,
            on.ints(pages).reshape(x.batch, 1),
            x.within().lengths(),
            on.arena());
    Ragged rows = x.within();
    layer.forward(
        on.ops(),
        on.workspace(),
        x.rows,
        new Batch(rows.positions(), rows.positions(), rows.seq()),
        cache.layers().getFirst(),
        Optional.of(
            new DecoderLayer.Source(sources.layers().getFirst(), sources.sequences(rows.seq()))));
  }

  private static MultiHeadAttention attention(Loader at, Bias bias) {
    return MultiHeadAttention.ofTorch(
        at.at("self_attn"), WIDTH, HEADS, ScaledDotProductAttention.of(DIM).withBias(bias));
  }

  private static CrossAttention masked(CrossAttention c, Bias bias) {
    return new CrossAttention(
        c.query(), c.key(), c.value(), c.output(), c.heads(), c.attention().withBias(bias));
  }

  private static AddNorm addNorm(Loader at) {
    return AddNorm.post(at.norm("norm", WIDTH, 1e-5f, NormKind.LAYER));
  }

  private static FeedForward feedForward(Loader at, String activation) {
    return new FeedForward.Plain(
        at.linear(WIDTH, Loader.rows("linear1", INNER)),
        at.linear(INNER, Loader.rows("linear2", WIDTH)),
        activation.equals("gelu") ? Activation.GELU : Activation.RELU);
  }

  /** [tokens, batch, width] as rows, one sequence behind the other. */
  private static double[] values(JsonNode tokensFirst) {
    int tokens = tokensFirst.size();
    int batch = tokensFirst.get(0).size();
    double[] rows = new double[batch * tokens * WIDTH];
    Arrays.setAll(
        rows,
        i -> tokensFirst.get(i / WIDTH % tokens).get(i / WIDTH / tokens).get(i % WIDTH).asDouble());
    return rows;
  }

  /** Vectors on the device, all sequences of the same length. */
  private static final class Sequence {
    private final OnDevice on;
    private final int batch;
    private final int tokens;
    private final Tensor rows;

    private Sequence(OnDevice on, JsonNode tokensFirst) {
      this.on = on;
      this.tokens = tokensFirst.size();
      this.batch = tokensFirst.get(0).size();
      this.rows = on.floats(values(tokensFirst), (long) batch * tokens, WIDTH);
    }

    private Ragged within() {
      int[] offsets = new int[batch + 1];
      int[] lengths = new int[batch];
      Arrays.setAll(offsets, b -> b * tokens);
      Arrays.fill(lengths, tokens);
      Tensor starts = on.ints(offsets);
      return new Ragged(
          on.ints(IntStream.range(0, batch * tokens).map(i -> i % tokens).toArray()),
          new Sequences(starts, on.ints(new int[batch]), tokens, tokens),
          starts.rows(0, batch),
          on.ints(lengths));
    }

    /** [batch, keys], 1 where a key is padding. */
    private Bias mask(JsonNode padding, int keys) {
      if (padding.isNull()) {
        return Bias.NONE;
      }
      double[] bias = new double[batch * tokens * keys];
      Arrays.setAll(
          bias,
          i ->
              padding.get(i / keys / tokens).get(i % keys).asInt() == 1
                  ? Double.NEGATIVE_INFINITY
                  : 0);
      return new Bias.Dense(on.floats(bias, batch, 1, tokens, keys));
    }
  }
}
