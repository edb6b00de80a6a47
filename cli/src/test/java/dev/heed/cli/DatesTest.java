package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.Seq2SeqLm;
import dev.heed.Translation;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The model that reads dates, against what PyTorch computes from its weights in float64, and on
 * dates that training never saw: one in 20 of the 10,000, all of them with {@code
 * -Dheed.dates.all=true}.
 */
class DatesTest {
  private static final Path MODEL = Path.of("models/dates");
  private static final String HOME = "heed.home";
  private static final double LEAST_EXACT = 0.995;
  private static final int EVERY = Boolean.getBoolean("heed.dates.all") ? 1 : 20;

  private static Device device;
  private static Seq2SeqLm lm;
  private static JsonNode golden;

  @BeforeAll
  static void load() throws IOException {
    golden = Cli.JSON.readTree(MODEL.resolve("golden.json").toFile()).path("cases");
    device = Devices.open("cpu");
    lm = Seq2SeqLm.load(MODEL, device);
  }

  @AfterAll
  static void close() {
    if (lm != null) {
      lm.close();
    }
    if (device != null) {
      device.close();
    }
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  @Test
  void itsTokenizerSpellsCharacters() {
    for (JsonNode expected : golden) {
      String text = expected.path("text").asText();
      int[] ids = ints(expected.path("source_ids"));
      assertArrayEquals(ids, lm.tokenizer().encodeSource(text), text);
      String loud = "  " + text.toUpperCase(Locale.ROOT) + "\n";
      assertArrayEquals(ids, lm.tokenizer().encodeSource(loud), text);
    }
    int[] plain = lm.tokenizer().encodeSource("may 3 '09");
    assertArrayEquals(plain, lm.tokenizer().encodeSource("May\u00a0 3\t\u201909"));
  }

  @Test
  void itsGreedyIdsAndLogProbabilitiesArePyTorchs() {
    for (JsonNode expected : golden) {
      String text = expected.path("text").asText();
      Translation found = lm.translate(text);
      assertEquals(expected.path("read").asText(), found.text(), text);
      assertTrue(found.ended(), text);
      int[] ids = ints(expected.path("greedy_ids"));
      assertArrayEquals(IntStream.of(ids).limit(ids.length - 1).toArray(), found.tokens(), text);
      for (int i = 0; i < ids.length; i++) {
        double logProb = expected.path("log_probabilities").path(i).asDouble();
        assertEquals(logProb, found.logProbs()[i], 1e-5, text + ", token " + i);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "the third of May, 2009 | 2009-05-03",
        "3.5.09 | 2009-05-03",
        "May 3rd '09 | 2009-05-03",
        "Sunday, 3 May 2009 | 2009-05-03",
        "20090503 | 2009-05-03",
        "on May the 3rd, 2009 | 2009-05-03",
        "29 Feb. 2000 | 2000-02-29",
        "twenty-ninth of February 2004 | 2004-02-29",
        "1/2/68 | 2068-02-01",
        "1/2/69 | 1969-02-01",
        "12/12/2012 | 2012-12-12",
        "12/13/2012 | 2012-12-13",
        "13/12/2012 | 2012-12-13",
        "Sept. 4th, nineteen oh four | 1904-09-04",
        "the 31st day of December in the year twenty-one ninety-nine | 2199-12-31",
      })
  void formsAndConventions(String text, String iso) {
    assertEquals(iso, lm.translate(text).text());
  }

  @Test
  void withoutAModelTranslateReadsDates() {
    String before = System.getProperty(HOME);
    System.setProperty(HOME, Path.of("..").toAbsolutePath().normalize().toString());
    try {
      Cli.Result result = Cli.run("translate", "--device", "cpu", "the third of May, 2009");
      assertEquals("2009-05-03", result.ok().out().strip());
    } finally {
      if (before == null) {
        System.clearProperty(HOME);
      } else {
        System.setProperty(HOME, before);
      }
    }
  }

  @Test
  void datesNeverSeen() throws IOException {
    List<String[]> pairs = heldOut();
    List<Translation> read = lm.translate(pairs.stream().map(p -> p[0]).toList());
    List<String> wrong =
        IntStream.range(0, pairs.size())
            .filter(i -> !pairs.get(i)[1].equals(read.get(i).text()))
            .mapToObj(i -> String.join(" -> ", pairs.get(i)) + ", read " + read.get(i).text())
            .toList();
    String found = "%d of %d misread: %s".formatted(wrong.size(), pairs.size(), wrong);
    if (EVERY == 1) {
      System.out.println(found);
    }
    assertTrue(wrong.size() <= (1 - LEAST_EXACT) * pairs.size(), found);
  }

  /** Text and ISO 8601 of dates that training never saw. */
  private static List<String[]> heldOut() throws IOException {
    try (InputStream file = DatesTest.class.getResourceAsStream("/dates-heldout.tsv.gz");
        var reader =
            new BufferedReader(
                new InputStreamReader(new GZIPInputStream(file), StandardCharsets.UTF_8))) {
      List<String> lines = reader.lines().toList();
      assertEquals(10_000, lines.size());
      return IntStream.range(0, lines.size())
          .filter(i -> i % EVERY == 0)
          .mapToObj(i -> lines.get(i).split("\t"))
          .toList();
    }
  }
}
