package dev.heed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heed.device.Device;
import dev.heed.text.SentencePieceBytes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder with the files that OPUS-MT's models have, by the numbers of reference.py. */
class OpusMtFolderTest {
  private static final int WORDS = 19;

  @TempDir Path folder;

  @Test
  void scoresAreTheReferences() throws Exception {
    JsonNode golden = write();
    int[] target = golden.get("target").valueStream().mapToInt(JsonNode::asInt).toArray();
    String text =
        Arrays.stream(target, 1, target.length - 1)
            .mapToObj(i -> "w" + i)
            .collect(Collectors.joining(" "));
    try (Device device = TestDevice.open();
        Seq2SeqLm lm = Seq2SeqLm.load(folder, device)) {
      int[] source = golden.get("source").valueStream().mapToInt(JsonNode::asInt).toArray();
      assertArrayEquals(source, lm.tokenizer().encodeSource("w15 w4"));
      Translation scored = lm.score("w15 w4", text);
      assertArrayEquals(Arrays.copyOfRange(target, 1, target.length - 1), scored.tokens());
      float[] logProbs = scored.logProbs();
      assertEquals(target.length - 1, logProbs.length, "the end included");
      for (int i = 0; i < logProbs.length; i++) {
        double expected = logProb(golden.get("logits").get(i), target[i + 1]);
        assertEquals(expected, logProbs[i], 1e-5, "token " + i);
      }
      double[] first = logits(golden.get("logits").get(0));
      first[0] = Double.NEGATIVE_INFINITY; // bad_words_ids
      int likeliest =
          IntStream.range(0, WORDS).reduce((a, b) -> first[b] > first[a] ? b : a).getAsInt();
      Translation found = lm.translate("w15 w4");
      assertEquals(likeliest, found.tokens()[0]);
      double sum = Arrays.stream(first).map(Math::exp).sum();
      assertEquals(first[likeliest] - Math.log(sum), found.logProbs()[0], 1e-5, "renormalised");
    }
  }

  private static double[] logits(JsonNode row) {
    return row.valueStream().mapToDouble(JsonNode::asDouble).toArray();
  }

  private static double logProb(JsonNode row, int id) {
    double[] logits = logits(row);
    double sum = Arrays.stream(logits).map(Math::exp).sum();
    return logits[id] - Math.log(sum);
  }

  /** Gives the second of the reference's cases. */
  private JsonNode write() throws Exception {
    Path model = TestFolder.of(OpusMtFolderTest.class, "model/seq2seq/marian/config.json");
    ObjectMapper json = new ObjectMapper();
    ObjectNode config = (ObjectNode) json.readTree(model.resolve("config.json").toFile());
    config.putArray("bad_words_ids").addArray().add(0);
    config.put("num_beams", 1).put("max_length", 16).put("renormalize_logits", true);
    json.writeValue(folder.resolve("config.json").toFile(), config);
    Files.copy(model.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    ObjectNode vocabulary = json.createObjectNode().put("<pad>", 0).put("</s>", 1).put("<unk>", 2);
    for (int id = 3; id < WORDS; id++) {
      vocabulary.put("\u2581w" + id, id);
    }
    json.writeValue(folder.resolve("vocab.json").toFile(), vocabulary);
    String[] pieces =
        Stream.concat(
                IntStream.range(3, WORDS).mapToObj(i -> "\u2581w" + i), Stream.of("\u2581", "w"))
            .toArray(String[]::new);
    Files.write(folder.resolve("source.spm"), SentencePieceBytes.unigram(pieces));
    Files.write(folder.resolve("target.spm"), SentencePieceBytes.unigram(pieces));
    return json.readTree(model.resolve("golden.json").toFile()).get(1);
  }
}
