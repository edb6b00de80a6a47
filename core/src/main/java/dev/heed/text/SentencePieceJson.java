package dev.heed.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The {@code tokenizer.json} of a SentencePiece vocabulary (Kudo and Richardson, "SentencePiece"),
 * BPE or Unigram. Spaces are U+2581 in it.
 */
final class SentencePieceJson {
  private static final String SPACE = "\u2581";

  private final GgufVocabulary v;
  private final ObjectNode json = Templates.object();

  SentencePieceJson(GgufVocabulary v) {
    this.v = v;
    if (v.scores().length == 0) {
      throw new TokenizerException(
          "%s: a %s vocabulary without tokenizer.ggml.scores; convert the model again"
              .formatted(v.name(), v.model()));
    }
    json.put("version", "1.0");
  }

  /**
   * BPE that merges the pair whose result has the highest score, until none is left: the library's
   * BPE with every way to make a token of two as a merge, ordered by score.
   */
  ObjectNode bytePair() {
    boolean prefix = v.flag("add_space_prefix", true);
    json.set("normalizer", normalizer(prefix));
    json.putNull("pre_tokenizer");
    around(true, false);
    json.set("decoder", byteDecoder(prefix));
    int unk = v.role("unk", 0);
    ObjectNode model =
        json.putObject("model")
            .put("type", "BPE")
            .putNull("dropout")
            .put("unk_token", unk < 0 ? null : v.tokens().get(unk))
            .putNull("continuing_subword_prefix")
            .putNull("end_of_word_suffix")
            .put("fuse_unk", true)
            .put("byte_fallback", true)
            .put("ignore_merges", false);
    Templates.vocabulary(model, v.tokens());
    merges(model.putArray("merges"));
    return json;
  }

  private void merges(ArrayNode out) {
    Map<String, Integer> ids = new HashMap<>();
    for (int i = 0; i < v.tokens().size(); i++) {
      ids.put(v.tokens().get(i), i);
    }
    Comparator<Integer> byScore = Comparator.comparingDouble(id -> -v.scores()[id]);
    List<Integer> order = IntStream.range(0, v.tokens().size()).boxed().sorted(byScore).toList();
    for (int id : order) {
      int type = v.type(id);
      if (type != GgufVocabulary.CONTROL && type != GgufVocabulary.UNKNOWN) {
        splits(out, v.tokens().get(id), ids);
      }
    }
  }

  /** Every division of a token into two tokens. */
  private static void splits(ArrayNode out, String token, Map<String, Integer> ids) {
    for (int i = token.offsetByCodePoints(0, Math.min(1, token.length()));
        i < token.length();
        i = token.offsetByCodePoints(i, 1)) {
      String left = token.substring(0, i);
      String right = token.substring(i);
      if (ids.containsKey(left) && ids.containsKey(right)) {
        out.addArray().add(left).add(right);
      }
    }
  }

  private static ObjectNode normalizer(boolean prefix) {
    ObjectNode sequence = Templates.object().put("type", "Sequence");
    ArrayNode steps = sequence.putArray("normalizers");
    if (prefix) {
      steps.addObject().put("type", "Prepend").put("prepend", SPACE);
    }
    replace(steps.addObject(), " ", SPACE);
    return sequence;
  }

  private static ObjectNode replace(ObjectNode step, String from, String to) {
    step.put("type", "Replace").putObject("pattern").put("String", from);
    return step.put("content", to);
  }

  private static ObjectNode byteDecoder(boolean prefix) {
    ObjectNode sequence = Templates.object().put("type", "Sequence");
    ArrayNode steps = sequence.putArray("decoders");
    replace(steps.addObject(), SPACE, " ");
    steps.addObject().put("type", "ByteFallback");
    steps.addObject().put("type", "Fuse");
    if (prefix) {
      steps.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    }
    return sequence;
  }

  /** The most probable division into tokens (Kudo, "Subword Regularization", section 3.2). */
  ObjectNode unigram() {
    boolean prefix = v.flag("add_space_prefix", true);
    boolean squeeze = v.flag("remove_extra_whitespaces", true);
    json.set("normalizer", unigramNormalizer(squeeze));
    ObjectNode metaspace = metaspace(prefix);
    json.set("pre_tokenizer", metaspace);
    around(false, true);
    boolean bytes = v.tokens().contains("<0x00>");
    json.set("decoder", bytes ? byteDecoder(prefix) : metaspace);
    ObjectNode model =
        json.putObject("model")
            .put("type", "Unigram")
            .put("unk_id", v.role("unk", 2))
            .put("byte_fallback", bytes);
    ArrayNode vocab = model.putArray("vocab");
    for (int i = 0; i < v.tokens().size(); i++) {
      vocab.addArray().add(v.tokens().get(i)).add((double) v.scores()[i]);
    }
    return json;
  }

  private ObjectNode unigramNormalizer(boolean squeeze) {
    ObjectNode sequence = Templates.object().put("type", "Sequence");
    ArrayNode steps = sequence.putArray("normalizers");
    if (v.charsMap().length > 0) {
      steps
          .addObject()
          .put("type", "Precompiled")
          .put("precompiled_charsmap", Base64.getEncoder().encodeToString(v.charsMap()));
    }
    if (squeeze) {
      steps.addObject().put("type", "Strip").put("strip_left", true).put("strip_right", true);
      ObjectNode runs = steps.addObject().put("type", "Replace").put("content", " ");
      runs.putObject("pattern").put("Regex", " {2,}");
    }
    return sequence;
  }

  private static ObjectNode metaspace(boolean prefix) {
    return Templates.object()
        .put("type", "Metaspace")
        .put("replacement", SPACE)
        .put("prepend_scheme", prefix ? "always" : "never")
        .put("split", true);
  }

  private void around(boolean addBos, boolean addEos) {
    int bos = v.flag("add_bos", addBos) ? v.role("bos", 1) : -1;
    int eos = v.flag("add_eos", addEos) ? v.eos().stream().findFirst().orElse(-1) : -1;
    json.set("post_processor", Templates.around(v.tokens(), bos, eos, false));
  }
}
