package dev.heed;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Safetensors;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/**
 * Writes small models with random weights into a folder, so that tests need nothing from outside.
 */
public final class TinyModel {
  private static final int HIDDEN = 32;
  private static final int INNER = 48;
  private static final int LAYERS = 2;

  /** Letters a to z and a space, after {@code <s>} and {@code </s>}. */
  public static final int VOCABULARY = 29;

  private final Path folder;
  private final Random random = new Random(1);
  private final Map<String, CheckpointTensor> tensors = new LinkedHashMap<>();
  private final Map<String, Object> config = new LinkedHashMap<>();

  private TinyModel(Path folder) {
    this.folder = folder;
  }

  /** A Llama with 4 heads, 2 of them for keys, and a context of 64. */
  public static TinyModel llama(Path folder) {
    TinyModel m = new TinyModel(folder);
    m.config.putAll(
        Map.of(
            "model_type",
            "llama",
            "hidden_size",
            HIDDEN,
            "intermediate_size",
            INNER,
            "num_hidden_layers",
            LAYERS,
            "num_attention_heads",
            4,
            "num_key_value_heads",
            2,
            "max_position_embeddings",
            64,
            "rms_norm_eps",
            1e-5,
            "tie_word_embeddings",
            true));
    m.matrix("model.embed_tokens.weight", VOCABULARY, HIDDEN);
    for (int i = 0; i < LAYERS; i++) {
      String layer = "model.layers." + i + ".";
      m.ones(layer + "input_layernorm.weight", HIDDEN);
      m.ones(layer + "post_attention_layernorm.weight", HIDDEN);
      m.matrix(layer + "self_attn.q_proj.weight", HIDDEN, HIDDEN);
      m.matrix(layer + "self_attn.k_proj.weight", HIDDEN / 2, HIDDEN);
      m.matrix(layer + "self_attn.v_proj.weight", HIDDEN / 2, HIDDEN);
      m.matrix(layer + "self_attn.o_proj.weight", HIDDEN, HIDDEN);
      m.matrix(layer + "mlp.gate_proj.weight", INNER, HIDDEN);
      m.matrix(layer + "mlp.up_proj.weight", INNER, HIDDEN);
      m.matrix(layer + "mlp.down_proj.weight", HIDDEN, INNER);
    }
    m.ones("model.norm.weight", HIDDEN);
    return m;
  }

  /** A BERT with 4 heads for texts of up to 32 tokens. */
  public static TinyModel bert(Path folder) {
    TinyModel m = new TinyModel(folder);
    m.config.putAll(
        Map.of(
            "model_type",
            "bert",
            "hidden_size",
            HIDDEN,
            "intermediate_size",
            INNER,
            "num_hidden_layers",
            LAYERS,
            "num_attention_heads",
            4,
            "max_position_embeddings",
            32));
    m.matrix("embeddings.word_embeddings.weight", VOCABULARY, HIDDEN);
    m.matrix("embeddings.position_embeddings.weight", 32, HIDDEN);
    m.matrix("embeddings.token_type_embeddings.weight", 2, HIDDEN);
    m.norm("embeddings.LayerNorm");
    for (int i = 0; i < LAYERS; i++) {
      String layer = "encoder.layer." + i + ".";
      for (String name : new String[] {"query", "key", "value"}) {
        m.linear(layer + "attention.self." + name, HIDDEN, HIDDEN);
      }
      m.linear(layer + "attention.output.dense", HIDDEN, HIDDEN);
      m.norm(layer + "attention.output.LayerNorm");
      m.linear(layer + "intermediate.dense", INNER, HIDDEN);
      m.linear(layer + "output.dense", HIDDEN, INNER);
      m.norm(layer + "output.LayerNorm");
    }
    return m;
  }

  /** A Transformer of the paper with 4 heads, for sources of up to 40 tokens. */
  public static TinyModel transformer(Path folder) {
    TinyModel m = new TinyModel(folder);
    Map<String, Object> sizes =
        Map.of(
            "d_model", HIDDEN,
            "nhead", 4,
            "num_encoder_layers", LAYERS,
            "num_decoder_layers", LAYERS,
            "dim_feedforward", INNER,
            "max_position_embeddings", 40);
    m.config.put("model_type", "transformer");
    m.config.putAll(sizes);
    m.config.putAll(Map.of("decoder_start_token", "<s>", "eos_token", "</s>"));
    m.matrix("src_embedding.weight", VOCABULARY, HIDDEN);
    m.matrix("tgt_embedding.weight", VOCABULARY, HIDDEN);
    for (String side : new String[] {"encoder", "decoder"}) {
      for (int i = 0; i < LAYERS; i++) {
        String layer = side + ".layers." + i + ".";
        m.torchAttention(layer + "self_attn");
        if (side.equals("decoder")) {
          m.torchAttention(layer + "multihead_attn");
          m.norm(layer + "norm3");
        }
        m.linear(layer + "linear1", INNER, HIDDEN);
        m.linear(layer + "linear2", HIDDEN, INNER);
        m.norm(layer + "norm1");
        m.norm(layer + "norm2");
      }
    }
    return m;
  }

  private void torchAttention(String name) {
    matrix(name + ".in_proj_weight", 3 * HIDDEN, HIDDEN);
    vector(name + ".in_proj_bias", 3 * HIDDEN, 0.1f);
    linear(name + ".out_proj", HIDDEN, HIDDEN);
  }

  /** Sets a key of the configuration; null takes it out. */
  public TinyModel with(String key, Object value) {
    config.put(key, value);
    config.values().removeIf(java.util.Objects::isNull);
    return this;
  }

  /** Adds biases of q, k and v, as Qwen2 has them. */
  public TinyModel withQkvBias() {
    for (int i = 0; i < LAYERS; i++) {
      String self = "model.layers." + i + ".self_attn.";
      vector(self + "q_proj.bias", HIDDEN, 0.5f);
      vector(self + "k_proj.bias", HIDDEN / 2, 0.5f);
      vector(self + "v_proj.bias", HIDDEN / 2, 0.5f);
    }
    return this;
  }

  /** Adds the norms of the heads of q and k, as Qwen3 has them. */
  public TinyModel withHeadNorms() {
    for (int i = 0; i < LAYERS; i++) {
      vector("model.layers." + i + ".self_attn.q_norm.weight", HIDDEN / 4, 1);
      vector("model.layers." + i + ".self_attn.k_norm.weight", HIDDEN / 4, 1);
    }
    return this;
  }

  /** Gives the output projection a weight of its own. */
  public TinyModel untied() {
    matrix("lm_head.weight", VOCABULARY, HIDDEN);
    return with("tie_word_embeddings", false);
  }

  /** A tensor's values; empty where there is none. */
  public double[] tensor(String name) {
    CheckpointTensor t = tensors.get(name);
    if (t == null) {
      return new double[0];
    }
    float[] f32 = t.data().toArray(ValueLayout.JAVA_FLOAT);
    return java.util.stream.IntStream.range(0, f32.length).mapToDouble(i -> f32[i]).toArray();
  }

  /** Stores the matrices rounded to BF16. */
  public TinyModel inBf16() {
    tensors.replaceAll((name, t) -> t.shape().rank() == 2 ? bf16(t) : t);
    return this;
  }

  private static CheckpointTensor bf16(CheckpointTensor t) {
    float[] wide = t.data().toArray(ValueLayout.JAVA_FLOAT);
    short[] half = new short[wide.length];
    for (int i = 0; i < half.length; i++) {
      half[i] = Quants.floatToBFloat16(wide[i]);
    }
    MemorySegment data = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_SHORT, half);
    return new CheckpointTensor(t.name(), DType.BF16, t.shape(), data);
  }

  /** Leaves a tensor out. */
  public TinyModel without(String name) {
    tensors.remove(name);
    return this;
  }

  /** Writes {@code config.json}, {@code model.safetensors} and {@code tokenizer.json}. */
  public Path write() throws IOException {
    new ObjectMapper().writeValue(folder.resolve("config.json").toFile(), config);
    Safetensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
    Files.writeString(folder.resolve("tokenizer.json"), tokenizer());
    return folder;
  }

  private static String tokenizer() {
    StringBuilder vocabulary = new StringBuilder("\"<s>\":0,\"</s>\":1,\" \":2");
    for (char c = 'a'; c <= 'z'; c++) {
      vocabulary.append(",\"").append(c).append("\":").append(c - 'a' + 3);
    }
    return """
        {"version":"1.0","truncation":null,"padding":null,
         "added_tokens":[
          {"id":0,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
          {"id":1,"content":"</s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
         "normalizer":null,"pre_tokenizer":null,"decoder":{"type":"Fuse"},
         "post_processor":{"type":"TemplateProcessing",
          "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
          "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
          "special_tokens":{"<s>":{"id":"<s>","ids":[0],"tokens":["<s>"]}}},
         "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
          "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"merges":[],"vocab":{%s}}}
        """
        .formatted(vocabulary);
  }

  private void linear(String name, int outputs, int inputs) {
    matrix(name + ".weight", outputs, inputs);
    vector(name + ".bias", outputs, 0.1f);
  }

  private void norm(String name) {
    ones(name + ".weight", HIDDEN);
    vector(name + ".bias", HIDDEN, 0.1f);
  }

  private void matrix(String name, int rows, int columns) {
    put(name, values(rows * columns, 0.3f), rows, columns);
  }

  private void vector(String name, int n, float deviation) {
    put(name, values(n, deviation), n);
  }

  private void ones(String name, int n) {
    float[] v = new float[n];
    java.util.Arrays.fill(v, 1);
    put(name, v, n);
  }

  private float[] values(int n, float deviation) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) random.nextGaussian() * deviation;
    }
    return v;
  }

  private void put(String name, float[] values, long... dims) {
    MemorySegment data = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values);
    tensors.put(name, new CheckpointTensor(name, DType.F32, Shape.of(dims), data));
  }
}
