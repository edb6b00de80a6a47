package dev.heed.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.Set;

/**
 * The {@code tokenizer.json} of a byte-level BPE vocabulary (Radford et al., "Language Models are
 * Unsupervised Multitask Learners"; Sennrich et al., "Neural Machine Translation of Rare Words with
 * Subword Units").
 */
final class BytePairJson {
  private final GgufVocabulary v;
  private final ObjectNode json = Templates.object();

  BytePairJson(GgufVocabulary v) {
    this.v = v;
  }

  ObjectNode build() {
    PreTokenizer pre = PreTokenizer.of(v.name(), v.pre());
    json.put("version", "1.0");
    json.putNull("normalizer");
    json.set("pre_tokenizer", pre.json());
    int bos = v.flag("add_bos", pre.addBos()) ? v.role("bos", -1) : -1;
    int eos = v.flag("add_eos", false) ? v.eos().stream().findFirst().orElse(-1) : -1;
    int last = eos < 0 && v.flag("add_sep", false) ? v.role("sep", -1) : eos;
    json.set("post_processor", Templates.around(v.tokens(), bos, last, false));
    json.set("decoder", PreTokenizer.byteLevel());
    ObjectNode model =
        json.putObject("model")
            .put("type", "BPE")
            .putNull("dropout")
            .putNull("unk_token")
            .putNull("continuing_subword_prefix")
            .putNull("end_of_word_suffix")
            .put("fuse_unk", false)
            .put("byte_fallback", false)
            .put("ignore_merges", pre.ignoreMerges());
    Templates.vocabulary(model, v.tokens());
    merges(model.putArray("merges"));
    return json;
  }

  /** A merge of tokens that are not there can never happen; the library would refuse it. */
  private void merges(ArrayNode out) {
    if (v.merges().isEmpty()) {
      throw new TokenizerException(
          v.name() + ": a gpt2 vocabulary without tokenizer.ggml.merges; convert the model again");
    }
    Set<String> known = new HashSet<>(v.tokens());
    for (String merge : v.merges()) {
      int space = merge.indexOf(' ', 1);
      if (space < 0) {
        continue;
      }
      String left = merge.substring(0, space);
      String right = merge.substring(space + 1);
      if (known.contains(left) && known.contains(right) && known.contains(left + right)) {
        out.addArray().add(left).add(right);
      }
    }
  }
}
