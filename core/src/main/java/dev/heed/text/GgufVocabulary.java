package dev.heed.text;

import dev.heed.checkpoint.GgufMetadata;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The vocabulary that a GGUF file carries under {@code tokenizer.ggml.*}. The codes of token types
 * and the meaning of scores are SentencePiece's, so its models fit in here too.
 *
 * @param name the file, for messages
 * @param model the algorithm: {@code gpt2} (byte-level BPE), {@code llama} (SentencePiece's BPE),
 *     {@code bert} (WordPiece), {@code t5} (Unigram)
 * @param pre how {@code gpt2} splits text before merging: {@code llama-bpe}, {@code qwen2}, ...
 * @param tokens the spelling of each id
 * @param scores of each id, higher merges or is chosen first; empty where the model has none
 * @param types of each id: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; empty
 *     where all are normal
 * @param merges of {@code gpt2}, first merged first: two tokens with a space between
 * @param roles ids by role: bos, pad, unk, sep, cls, mask; -1 says that there is none
 * @param eos ids that end a text, the first one being the end-of-sequence token
 * @param flags what the file says: add_bos, add_eos, add_sep, add_space_prefix,
 *     remove_extra_whitespaces; absent where it is silent
 * @param charsMap SentencePiece's compiled normalisation table; empty for none
 * @param chatTemplate Jinja
 */
public record GgufVocabulary(
    String name,
    String model,
    String pre,
    List<String> tokens,
    float[] scores,
    int[] types,
    List<String> merges,
    Map<String, Integer> roles,
    Set<Integer> eos,
    Map<String, Boolean> flags,
    byte[] charsMap,
    Optional<String> chatTemplate) {
  static final int NORMAL = 1;
  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;
  static final int BYTE = 6;

  private static final String PREFIX = "tokenizer.ggml.";
  private static final int MAX_TOKENS = 1 << 24;

  /** Keys of ids, with the misspelling that the format has. */
  private static final Map<String, String> ROLE_KEYS =
      Map.of(
          "bos", "bos_token_id",
          "pad", "padding_token_id",
          "unk", "unknown_token_id",
          "sep", "seperator_token_id",
          "cls", "cls_token_id",
          "mask", "mask_token_id");

  private static final Map<String, String> FLAG_KEYS =
      Map.of(
          "add_bos", "add_bos_token",
          "add_eos", "add_eos_token",
          "add_sep", "add_sep_token",
          "add_space_prefix", "add_space_prefix",
          "remove_extra_whitespaces", "remove_extra_whitespaces");

  /**
   * Checks that the parts fit together.
   *
   * @throws TokenizerException if scores or types are not one a token, or an id is out of range
   */
  public GgufVocabulary {
    int n = tokens.size();
    if (n == 0 || n > MAX_TOKENS) {
      throw new TokenizerException(
          "%s: %d tokens; a vocabulary has 1 to %d".formatted(name, n, MAX_TOKENS));
    }
    if ((scores.length != 0 && scores.length != n) || (types.length != 0 && types.length != n)) {
      throw new TokenizerException(
          "%s: %d tokens, %d scores and %d types; there must be as many of each"
              .formatted(name, n, scores.length, types.length));
    }
    for (float score : scores) {
      if (Float.isNaN(score)) {
        throw new TokenizerException(name + ": the score of a token is not a number");
      }
    }
    roles = Map.copyOf(within(roles, n));
    Set<Integer> ends = new LinkedHashSet<>(eos);
    ends.removeIf(id -> id < 0 || id >= n);
    eos = ends;
  }

  /** Files write 0xFFFFFFFF for "none". */
  private static Map<String, Integer> within(Map<String, Integer> roles, int n) {
    Map<String, Integer> out = new HashMap<>(roles);
    out.replaceAll((role, id) -> id >= 0 && id < n ? id : -1);
    return out;
  }

  /**
   * Reads the metadata of a GGUF file.
   *
   * @throws dev.heed.checkpoint.CheckpointException if a key is missing or of another type
   */
  static GgufVocabulary of(String name, GgufMetadata m) {
    if (!m.has(PREFIX + "model") || !m.has(PREFIX + "tokens")) {
      throw new TokenizerException(
          name + ": this GGUF has no vocabulary (tokenizer.ggml.model and .tokens)");
    }
    return new GgufVocabulary(
        name,
        m.string(PREFIX + "model"),
        m.string(PREFIX + "pre", "default"),
        List.of(m.strings(PREFIX + "tokens")),
        m.has(PREFIX + "scores") ? m.f32s(PREFIX + "scores") : new float[0],
        m.has(PREFIX + "token_type") ? toInts(m.i64s(PREFIX + "token_type")) : new int[0],
        m.has(PREFIX + "merges") ? List.of(m.strings(PREFIX + "merges")) : List.of(),
        readRoles(m),
        readEos(m),
        readFlags(m),
        m.has(PREFIX + "precompiled_charsmap")
            ? m.bytes(PREFIX + "precompiled_charsmap")
            : new byte[0],
        m.has("tokenizer.chat_template")
            ? Optional.of(m.string("tokenizer.chat_template"))
            : Optional.empty());
  }

  private static Map<String, Integer> readRoles(GgufMetadata m) {
    Map<String, Integer> roles = new HashMap<>();
    ROLE_KEYS.forEach(
        (role, key) -> {
          if (m.has(PREFIX + key)) {
            roles.put(role, id(m, key));
          }
        });
    return roles;
  }

  private static Set<Integer> readEos(GgufMetadata m) {
    Set<Integer> eos = new LinkedHashSet<>();
    for (String key : List.of("eos_token_id", "eot_token_id", "eom_token_id")) {
      eos.add(id(m, key));
    }
    return eos;
  }

  private static Map<String, Boolean> readFlags(GgufMetadata m) {
    Map<String, Boolean> flags = new HashMap<>();
    FLAG_KEYS.forEach(
        (flag, key) -> {
          if (m.has(PREFIX + key)) {
            flags.put(flag, m.bool(PREFIX + key));
          }
        });
    return flags;
  }

  private static int id(GgufMetadata m, String key) {
    long id = m.i64(PREFIX + key, -1);
    return id >= 0 && id < MAX_TOKENS ? (int) id : -1;
  }

  private static int[] toInts(long[] values) {
    int[] out = new int[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (int) values[i];
    }
    return out;
  }

  int type(int id) {
    return types.length == 0 ? NORMAL : types[id];
  }

  /** The id with a role, or -1; {@code otherwise} where the file is silent and has such an id. */
  int role(String role, int otherwise) {
    return roles.getOrDefault(role, otherwise < tokens.size() ? otherwise : -1);
  }

  boolean flag(String flag, boolean otherwise) {
    return flags.getOrDefault(flag, otherwise);
  }
}
