package dev.heed.checkpoint;

import static dev.heed.checkpoint.Readers.gguf;
import static dev.heed.checkpoint.Readers.rejects;
import static dev.heed.checkpoint.Readers.safetensors;
import static dev.heed.checkpoint.Readers.safetensorsFile;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.Shared;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WeightsTest {
  @Test
  void scopes() {
    Weights w = Weights.of(file("model.layers.0.mlp.up.weight", "model.norm.weight", "head.bias"));
    Weights layer = w.at("model.layers.0");
    assertTrue(layer.has("mlp.up.weight"));
    assertFalse(layer.has("norm.weight"));
    assertEquals("model.layers.0.mlp.up.weight", layer.at("mlp").get("up.weight").name());
    assertEquals("model.layers.0.mlp.up.weight", layer.at("mlp").fullName("up.weight"));
    assertTrue(layer.optional("mlp.up.bias").isEmpty());
    assertTrue(w.atOptional("model").has("norm.weight"));
    assertTrue(w.atOptional("bert").has("head.bias"));
    assertTrue(w.atOptional("mod").has("head.bias"), "a prefix ends at a dot");
    assertEquals(List.of("head.bias", "model.norm.weight"), w.unused());
    layer.has("x");
    w.get("head.bias", 2);
    assertEquals(List.of("model.norm.weight"), layer.unused());
  }

  @Test
  void errorsNameFileAndTensor() {
    Weights w = Weights.of(file("a.weight")).at("a");
    rejects("x.safetensors: no tensor a.bias; it is incomplete", () -> w.get("bias"));
    rejects("x.safetensors: tensor a.weight is [2], expected [2, 3];", () -> w.get("weight", 2, 3));
    rejects("tensor a.weight is [2], expected [3]", () -> w.optional("weight", 3));
    assertEquals(Shape.of(2), w.optional("weight", 2).orElseThrow().shape());
    assertTrue(w.optional("bias", 2).isEmpty());
  }

  @Test
  void ggufAnswersToHuggingFaceNames() {
    Weights w = Weights.of(gguf(GgufFuzzTest.sample().toArray()));
    assertEquals(Optional.of("llama"), w.ggufArchitecture());
    assertTrue(w.ropeInterleaved());
    Weights layer = w.at("model.layers.0");
    assertEquals("blk.0.attn_q.weight", layer.get("self_attn.q_proj.weight", 2, 32).name());
    assertEquals(Shape.of(2, 3), w.get("model.embed_tokens.weight").shape());
    assertFalse(w.has("token_embd.weight"));
    rejects(
        "no tensor model.layers.0.self_attn.k_proj.weight (blk.0.attn_k.weight);",
        () -> layer.get("self_attn.k_proj.weight"));
    assertTrue(layer.has("mlp.up_proj.weight"));
    rejects("tensor blk.0.ffn_up.weight is IQ4_NL", () -> layer.get("mlp.up_proj.weight"));
    assertEquals(List.of("model.norm.weight"), w.unused());
  }

  @Test
  void otherArchitecturesKeepTheirNames() {
    GgufFile file =
        new GgufFile()
            .string("general.architecture", "mamba")
            .tensor("token_embd.weight", 0, Bytes.floats(1), 1);
    Weights w = Weights.of(gguf(file.toArray()));
    assertTrue(w.has("token_embd.weight"));
    assertFalse(w.ropeInterleaved());
  }

  /** GPT-2's Conv1D: [in, out] in safetensors, [out, in] in GGUF, one answer. */
  @Test
  void conv1d() {
    String header = "{\"h.0.w.weight\":{\"dtype\":\"I8\",\"shape\":[2,3],\"data_offsets\":[0,6]}}";
    CheckpointTensor a =
        Weights.of(safetensors(safetensorsFile(header, new byte[6])))
            .at("h.0")
            .conv1d("w.weight", 3, 2);
    assertEquals(Shape.of(3, 2), a.shape());
    assertTrue(a.transposed());
    GgufFile file =
        new GgufFile()
            .string("general.architecture", "gpt2")
            .tensor("blk.0.attn_qkv.weight", 24, new Bytes().zeros(6), 2, 3);
    Weights w = Weights.of(gguf(file.toArray()));
    CheckpointTensor b = w.conv1d("transformer.h.0.attn.c_attn.weight", 3, 2);
    assertEquals(Shape.of(3, 2), b.shape());
    assertFalse(b.transposed());
    rejects("expected [2, 3]", () -> w.conv1d("transformer.h.0.attn.c_attn.weight", 2, 3));
  }

  @ParameterizedTest
  @CsvSource({
    "llama, blk.12.attn_q.weight, model.layers.12.self_attn.q_proj.weight",
    "llama, blk.0.ffn_norm.weight, model.layers.0.post_attention_layernorm.weight",
    "llama, output.weight, lm_head.weight",
    "llama, rope_freqs.weight, rope_freqs.weight",
    "llama, blk.0.strange.weight, blk.0.strange.weight",
    "llama, blk.0, blk.0",
    "qwen2, blk.3.attn_k.bias, model.layers.3.self_attn.k_proj.bias",
    "qwen3, blk.3.attn_q_norm.weight, model.layers.3.self_attn.q_norm.weight",
    "gpt2, position_embd.weight, transformer.wpe.weight",
    "gpt2, blk.1.attn_qkv.bias, transformer.h.1.attn.c_attn.bias",
    "gpt2, output_norm.bias, transformer.ln_f.bias",
    "bert, token_types.weight, embeddings.token_type_embeddings.weight",
    "bert, token_embd_norm.bias, embeddings.LayerNorm.bias",
    "bert, blk.5.attn_output_norm.weight, encoder.layer.5.attention.output.LayerNorm.weight",
    "bert, blk.5.ffn_down.weight, encoder.layer.5.output.dense.weight",
  })
  void ggufNames(String architecture, String gguf, String huggingFace) {
    GgufNames names = GgufNames.of(architecture).orElseThrow();
    assertEquals(huggingFace, names.huggingFace(gguf));
    assertEquals(gguf, names.gguf(huggingFace));
    assertEquals(architecture.equals("llama"), names.ropeInterleaved());
  }

  /** The GGUF of a model has the tensors of its safetensors, under the same names and shapes. */
  @ParameterizedTest
  @ValueSource(strings = {"f32", "f16", "bf16", "q8_0", "q5_1", "q4_0"})
  void realModelInBothFormats(String type) {
    try (Checkpoint huggingFace = Checkpoint.open(Shared.require("models/stories260K"));
        Checkpoint gguf =
            Checkpoint.open(Shared.require("models/stories260K/stories260K-" + type + ".gguf"))) {
      Weights a = Weights.of(huggingFace);
      Weights b = Weights.of(gguf);
      for (String name : new TreeSet<>(huggingFace.tensors().keySet())) {
        CheckpointTensor x = a.get(name);
        CheckpointTensor y = b.get(name, x.shape().toArray());
        boolean permuted = name.contains("q_proj") || name.contains("k_proj");
        if (y.dtype() == DType.F32 && !permuted) {
          assertEquals(-1, x.data().mismatch(y.data()), name);
        }
      }
      assertTrue(a.unused().isEmpty());
      assertEquals(List.of("lm_head.weight"), b.unused(), "tied in one, written out in the other");
    }
  }

  /** Each tensor is two bytes. */
  private static Safetensors file(String... names) {
    StringBuilder header = new StringBuilder();
    for (int i = 0; i < names.length; i++) {
      header.append(i == 0 ? "{" : ",");
      header.append("\"%s\":{\"dtype\":\"I8\",\"shape\":[2],".formatted(names[i]));
      header.append("\"data_offsets\":[%d,%d]}".formatted(2 * i, 2 * i + 2));
    }
    return safetensors(safetensorsFile(header + "}", new byte[2 * names.length]));
  }
}
