package dev.heed.checkpoint;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The one table between GGUF's tensor names (llama.cpp's {@code gguf-py/gguf/constants.py}) and
 * Hugging Face's, so that models know only the latter. A name outside the table stays as it is:
 * {@code rope_freqs.weight}, Llama 3's RoPE factors, has no counterpart.
 *
 * <p>Two things differ beyond names:
 *
 * <ul>
 *   <li>{@link #ropeInterleaved}: in {@code llama} files the rows of the query and key weights are
 *       permuted within each head, so that RoPE rotates neighbours (2i, 2i + 1) where Hugging
 *       Face's layout rotates the halves (i, i + d/2).
 *   <li>GPT-2's linear weights are [out, in] like everybody's; Hugging Face's are Conv1D's [in,
 *       out]. {@link Weights#conv1d} hides it.
 * </ul>
 */
public final class GgufNames {
  private static final Map<String, String> LLAMA =
      Map.ofEntries(
          Map.entry("token_embd", "model.embed_tokens"),
          Map.entry("output_norm", "model.norm"),
          Map.entry("output", "lm_head"),
          Map.entry("blk", "model.layers"),
          Map.entry("attn_norm", "input_layernorm"),
          Map.entry("attn_q", "self_attn.q_proj"),
          Map.entry("attn_k", "self_attn.k_proj"),
          Map.entry("attn_v", "self_attn.v_proj"),
          Map.entry("attn_output", "self_attn.o_proj"),
          Map.entry("attn_q_norm", "self_attn.q_norm"),
          Map.entry("attn_k_norm", "self_attn.k_norm"),
          Map.entry("ffn_norm", "post_attention_layernorm"),
          Map.entry("ffn_gate", "mlp.gate_proj"),
          Map.entry("ffn_up", "mlp.up_proj"),
          Map.entry("ffn_down", "mlp.down_proj"));

  private static final Map<String, String> GPT2 =
      Map.ofEntries(
          Map.entry("token_embd", "transformer.wte"),
          Map.entry("position_embd", "transformer.wpe"),
          Map.entry("output_norm", "transformer.ln_f"),
          Map.entry("output", "lm_head"),
          Map.entry("blk", "transformer.h"),
          Map.entry("attn_norm", "ln_1"),
          Map.entry("attn_qkv", "attn.c_attn"),
          Map.entry("attn_output", "attn.c_proj"),
          Map.entry("ffn_norm", "ln_2"),
          Map.entry("ffn_up", "mlp.c_fc"),
          Map.entry("ffn_down", "mlp.c_proj"));

  private static final Map<String, String> BERT =
      Map.ofEntries(
          Map.entry("token_embd", "embeddings.word_embeddings"),
          Map.entry("position_embd", "embeddings.position_embeddings"),
          Map.entry("token_types", "embeddings.token_type_embeddings"),
          Map.entry("token_embd_norm", "embeddings.LayerNorm"),
          Map.entry("blk", "encoder.layer"),
          Map.entry("attn_q", "attention.self.query"),
          Map.entry("attn_k", "attention.self.key"),
          Map.entry("attn_v", "attention.self.value"),
          Map.entry("attn_output", "attention.output.dense"),
          Map.entry("attn_output_norm", "attention.output.LayerNorm"),
          Map.entry("ffn_up", "intermediate.dense"),
          Map.entry("ffn_down", "output.dense"),
          Map.entry("layer_output_norm", "output.LayerNorm"));

  /** Architectures by {@code general.architecture}; Mistral's files say llama. */
  private static final Map<String, GgufNames> ARCHITECTURES =
      Map.of(
          "llama", new GgufNames(LLAMA, true),
          "qwen2", new GgufNames(LLAMA, false),
          "qwen3", new GgufNames(LLAMA, false),
          "gpt2", new GgufNames(GPT2, false),
          "bert", new GgufNames(BERT, false));

  private final Map<String, String> toHuggingFace;
  private final Map<String, String> toGguf;
  private final boolean ropeInterleaved;

  private GgufNames(Map<String, String> toHuggingFace, boolean ropeInterleaved) {
    this.toHuggingFace = toHuggingFace;
    this.toGguf = new HashMap<>();
    toHuggingFace.forEach((gguf, huggingFace) -> toGguf.put(huggingFace, gguf));
    this.ropeInterleaved = ropeInterleaved;
  }

  /** The names of an architecture; empty for one that is not in the table. */
  public static Optional<GgufNames> of(String architecture) {
    return Optional.ofNullable(ARCHITECTURES.get(architecture));
  }

  /** {@code blk.3.attn_q.weight} to {@code model.layers.3.self_attn.q_proj.weight}. */
  public String huggingFace(String gguf) {
    return translate(gguf, "blk", toHuggingFace);
  }

  /** The way back. */
  public String gguf(String huggingFace) {
    return translate(huggingFace, toHuggingFace.get("blk"), toGguf);
  }

  /** True if query and key rows are permuted for RoPE over neighbouring elements. */
  public boolean ropeInterleaved() {
    return ropeInterleaved;
  }

  /** {@code BLOCKS.N.STEM.SUFFIX} or {@code STEM.SUFFIX} by the table; else the name itself. */
  private static String translate(String name, String blocks, Map<String, String> table) {
    int dot = name.lastIndexOf('.');
    if (dot < 0) {
      return name;
    }
    String prefix = "";
    String stem = name.substring(0, dot);
    if (stem.equals(blocks)) {
      return name;
    }
    if (stem.startsWith(blocks + ".")) {
      int number = blocks.length() + 1;
      int end = stem.indexOf('.', number);
      if (end < 0) {
        return name;
      }
      prefix = table.get(blocks) + "." + stem.substring(number, end) + ".";
      stem = stem.substring(end + 1);
    }
    String other = table.get(stem);
    return other == null ? name : prefix + other + name.substring(dot);
  }
}
