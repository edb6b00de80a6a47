package dev.heed.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.OnDevice;
import dev.heed.Sampling;
import dev.heed.Shared;
import dev.heed.checkpoint.Checkpoint;
import dev.heed.generate.BeamOptions;
import dev.heed.generate.GreedySearch;
import dev.heed.generate.Hypothesis;
import dev.heed.generate.Seq2SeqSession;
import dev.heed.generate.TokenRules;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A trained BART against greedy ids of an independent float64 implementation. */
class BartTest {
  private static final String FOLDER = "models/g2p-bart-us";
  private static final int BOS = 1;
  private static final int EOS = 2;
  private static final int BATCH = 20;

  /** A word, its letters as ids between BOS and EOS, what follows the decoder's start, also BOS. */
  private record Word(String text, int[] source, int[] expected) {}

  @Test
  void pronunciationsOfTwoHundredWords() throws IOException {
    Path folder = Shared.require(FOLDER);
    List<Word> words = words(folder);
    assertEquals(200, words.size());
    List<String> wrong = new ArrayList<>();
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        OnDevice on = new OnDevice()) {
      Config config = ModelFiles.config(folder, checkpoint);
      EncoderDecoderModel model = ModelFiles.encoderDecoder(config, on.loader(checkpoint), 0);
      try (Seq2SeqSession session = Seq2SeqSession.open(model, on.device(), DType.F32, BATCH)) {
        for (int from = 0; from < words.size(); from += BATCH) {
          wrong.addAll(mistakes(session, words.subList(from, from + BATCH)));
        }
      }
    }
    assertEquals(List.of(), wrong);
  }

  private static List<Word> words(Path folder) throws IOException {
    ObjectMapper json = new ObjectMapper();
    String letters =
        json.readTree(folder.resolve("config.json").toFile()).get("grapheme_chars").asText();
    List<Word> words = new ArrayList<>();
    for (JsonNode row : json.readTree(folder.resolve("golden.json").toFile()).get("words")) {
      String text = row.get(0).asText();
      IntStream ids = text.chars().map(letters::indexOf);
      words.add(
          new Word(
              text,
              IntStream.concat(IntStream.of(BOS), IntStream.concat(ids, IntStream.of(EOS)))
                  .toArray(),
              row.get(2).valueStream().mapToInt(JsonNode::asInt).toArray()));
    }
    return words;
  }

  private static List<String> mistakes(Seq2SeqSession session, List<Word> words) {
    session.encode(words.stream().map(Word::source).toList());
    GreedySearch search =
        new GreedySearch(
            session, new TokenRules(Set.of(EOS), 63), BeamOptions.of(1), Sampling.greedy());
    List<int[]> prompts = words.stream().map(w -> new int[] {BOS}).toList();
    List<Hypothesis> found = search.search(prompts, 0, (prompt, id) -> {}, () -> false);
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      if (!Arrays.equals(words.get(i).expected(), found.get(i).tokens())) {
        wrong.add(words.get(i).text() + ": " + Arrays.toString(found.get(i).tokens()));
      }
    }
    return wrong;
  }

  @Test
  void learnedPositionsEnd() {
    Path folder = Shared.require(FOLDER);
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        OnDevice on = new OnDevice()) {
      Config config = ModelFiles.config(folder, checkpoint);
      ConfigException e =
          assertThrows(
              ConfigException.class,
              () -> ModelFiles.encoderDecoder(config, on.loader(checkpoint), 65));
      assertEquals("context 65: the model has learned positions for 64", e.getMessage());
    }
  }
}
