package dev.heed.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * How byte-level BPE splits a text before it merges, by GGUF's {@code tokenizer.ggml.pre}. The
 * expressions are the models' own; each one isolates its matches in what the ones before left.
 *
 * @param expressions applied one after the other
 * @param ignoreMerges a piece that is a token as it stands is not merged up to
 * @param addBos whether a text begins with the bos token where the file does not say
 */
record PreTokenizer(List<String> expressions, boolean ignoreMerges, boolean addBos) {
  private static final String CONTRACTIONS =
      "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
  private static final String SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String GPT2 =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";
  private static final String LLAMA3 = words("\\p{N}{1,3}");
  private static final String QWEN2 = words("\\p{N}");
  private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String HAN = "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";

  private static final Map<String, PreTokenizer> BY_NAME =
      Map.ofEntries(
          Map.entry(
              "default", plain("[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]")),
          Map.entry("gpt-2", plain(GPT2)),
          Map.entry("llama-bpe", new PreTokenizer(List.of(LLAMA3), true, true)),
          Map.entry("dbrx", plain(LLAMA3)),
          Map.entry("qwen2", plain(QWEN2)),
          Map.entry("qwen35", plain(qwen35())),
          Map.entry("starcoder", plain("\\p{N}", GPT2)),
          Map.entry("falcon", plain("[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]")),
          Map.entry("deepseek-coder", plain("[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", HAN, "\\p{N}")),
          Map.entry(
              "deepseek-llm",
              plain(
                  "[\r\n]",
                  "\\s?[" + casedLetters() + "]+",
                  "\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+",
                  "\\s+$",
                  HAN,
                  "\\p{N}+")),
          Map.entry(
              "deepseek-v3",
              plain("\\p{N}{1,3}", "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+", deepseek3())),
          Map.entry("tekken", new PreTokenizer(List.of(cased("", "\\p{N}")), true, true)),
          Map.entry("gpt-4o", plain(cased(CONTRACTIONS + "?", "\\p{N}{1,3}"))),
          Map.entry("bloom", plain(" ?[^(\\s|.,!?…。，、।۔،)]+")),
          Map.entry("viking", plain(" ?[^(\\s|.,!?…。，、।۔،)]+", "\\p{N}")));

  /** Other names under which the same splitting goes. */
  private static final Map<String, Set<String>> ALIASES =
      Map.of(
          "gpt-2",
          Set.of(
              "phi-2",
              "jina-es",
              "jina-de",
              "jina-v2-es",
              "jina-v2-de",
              "jina-v1-en",
              "jina-v2-code",
              "roberta-bpe",
              "mpt",
              "olmo",
              "jais",
              "trillion",
              "gigachat",
              "a.x-4.0",
              "mellum",
              "modern-bert",
              "exaone4",
              "granite-docling"),
          "llama-bpe",
          Set.of("llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"),
          "dbrx",
          Set.of("smaug-bpe", "glm4", "chatglm-bpe"),
          "qwen2",
          Set.of(
              "deepseek-r1-qwen",
              "stablelm2",
              "hunyuan",
              "megrez",
              "kormo",
              "grok-2",
              "solar-open"),
          "starcoder",
          Set.of("refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b"),
          "deepseek-v3",
          Set.of("hunyuan-dense", "joyai-llm"),
          "gpt-4o",
          Set.of("llama4", "kanana2"),
          "bloom",
          Set.of("poro-chat", "gpt3-finnish"));

  /** The splitting called {@code name}; {@code file} is for the message. */
  static PreTokenizer of(String file, String name) {
    PreTokenizer exact = BY_NAME.get(name);
    if (exact != null) {
      return exact;
    }
    for (Map.Entry<String, Set<String>> e : ALIASES.entrySet()) {
      if (e.getValue().contains(name)) {
        return BY_NAME.get(e.getKey());
      }
    }
    throw new TokenizerException(
        "%s: pre-tokenizer '%s' is unknown; Heed knows %s"
            .formatted(file, name, String.join(", ", names())));
  }

  /** Every name that is known. */
  static Set<String> names() {
    Set<String> names = new TreeSet<>(BY_NAME.keySet());
    ALIASES.values().forEach(names::addAll);
    return names;
  }

  private static PreTokenizer plain(String... expressions) {
    return new PreTokenizer(List.of(expressions), false, false);
  }

  /** Words with one leading mark, numbers, marks with the line ends behind them, spaces. */
  private static String words(String number) {
    return CONTRACTIONS
        + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
        + number
        + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
        + SPACES;
  }

  private static String qwen35() {
    return CONTRACTIONS
        + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|"
        + SPACES;
  }

  /** Words also end where lower case turns into upper case. */
  private static String cased(String suffix, String number) {
    String start = "[^\\r\\n\\p{L}\\p{N}]?";
    return start
        + UPPER
        + "*"
        + LOWER
        + "+"
        + suffix
        + "|"
        + start
        + UPPER
        + "+"
        + LOWER
        + "*"
        + suffix
        + "|"
        + number
        + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|"
        + SPACES;
  }

  private static String deepseek3() {
    return "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
        + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
        + "| ?[\\p{P}\\p{S}]+[\\r\\n]*|"
        + SPACES;
  }

  /** Letters of scripts that know upper and lower case: Unicode's cased letters. */
  private static String casedLetters() {
    return "\\p{Lu}\\p{Ll}\\p{Lt}";
  }

  /** The {@code pre_tokenizer} of a {@code tokenizer.json}. */
  ObjectNode json() {
    ObjectNode sequence = Templates.object().put("type", "Sequence");
    ArrayNode steps = sequence.putArray("pretokenizers");
    for (String expression : expressions) {
      ObjectNode split = steps.addObject().put("type", "Split");
      split.putObject("pattern").put("Regex", expression);
      split.put("behavior", "Isolated").put("invert", false);
    }
    steps.add(byteLevel());
    return sequence;
  }

  /** Bytes as printable characters, and back as a decoder. */
  static ObjectNode byteLevel() {
    return Templates.object()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", false)
        .put("use_regex", false);
  }
}
