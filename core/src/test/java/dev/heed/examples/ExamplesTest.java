package dev.heed.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.AttentionMap;
import dev.heed.HiddenStates;
import dev.heed.OnDevice;
import dev.heed.TextEncoder;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the examples print is what {@code docs/examples.md} says, to the last digit or one beside
 * it; {@code -Dheed.examples.write=true} writes that file anew. And it is what they claim.
 */
class ExamplesTest {
  private static final Path DOCUMENT = Path.of("../docs/examples.md");
  private static final Path SOURCES = Path.of("src/test/java/dev/heed/examples");

  private static final String INTRODUCTION =
      """
      # Examples

      Small programs about attention, in `core/src/test/java/dev/heed/examples`, and what they print. Run one from an editor by its `main`; those
      with MiniLM want its folder at `../shared/models/all-MiniLM-L6-v2`. Layers and heads count from 0; "layers" is how many a vector has passed.
      """;

  static Stream<Example> examples() {
    return Stream.of(
        new SoftDictionary(),
        new RiverBank(),
        new ISawASaw(),
        new CausalMask(),
        new WhySqrtDk(),
        new LayerNormNotBatchNorm(),
        new ManyHeads());
  }

  private static String output(Example example) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    example.run(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @MethodSource("examples")
  void printsWhatTheDocumentSays(Example example) throws IOException {
    String name = example.getClass().getSimpleName();
    String got = output(example);
    if (Boolean.getBoolean("heed.examples.write")) {
      write();
    }
    String document = Files.readString(DOCUMENT);
    int from = document.indexOf("```\n", document.indexOf("## " + name + "\n")) + 4;
    String expected = document.substring(from, document.indexOf("```", from));
    List<String> want = words(expected);
    List<String> have = words(got);
    assertEquals(want.size(), have.size(), got);
    for (int i = 0; i < want.size(); i++) {
      assertTrue(
          same(want.get(i), have.get(i)), want.get(i) + " is " + have.get(i) + " in\n" + got);
    }
  }

  private static List<String> words(String text) {
    return Arrays.stream(text.split("[\\s\\[\\],]+")).filter(w -> !w.isEmpty()).toList();
  }

  /** The same word, or a number that differs by one in its last digit. */
  private static boolean same(String a, String b) {
    if (a.equals(b) || !a.matches("-?\\d+(\\.\\d+)?:?") || !b.matches("-?\\d+(\\.\\d+)?:?")) {
      return a.equals(b);
    }
    var x = new BigDecimal(a.replace(":", ""));
    var y = new BigDecimal(b.replace(":", ""));
    return x.scale() == y.scale()
        && x.scale() > 0
        && x.subtract(y).abs().unscaledValue().intValue() <= 1;
  }

  private static void write() throws IOException {
    StringBuilder all =
        new StringBuilder(
            "# Examples\n\nSmall programs in `core/src/test/java/dev/heed/examples` and what they print.\n");
    for (Example example : examples().toList()) {
      String name = example.getClass().getSimpleName();
      String source = Files.readString(SOURCES.resolve(name + ".java"));
      String comment = source.substring(source.indexOf("/**\n") + 4, source.indexOf(" */\n"));
      String text =
          comment.lines().map(l -> l.replaceFirst("^ \\* ?", "")).collect(Collectors.joining("\n"));
      all.append("\n## %s\n\n%s\n\n```\n%s```\n".formatted(name, text, output(example)));
    }
    Files.writeString(DOCUMENT, all);
  }

  @Test
  void theGivenWeightsGiveEight() {
    assertEquals(8, SoftDictionary.lookUp(new double[] {0.6, 0.4, 0}), 1e-12);
  }

  @Test
  void theSentencesMakeTwoBanks() {
    try (Device device = Devices.open("cpu");
        TextEncoder encoder = Example.miniLm(device);
        HiddenStates river = encoder.hiddenStates(RiverBank.RIVER);
        HiddenStates savings = encoder.hiddenStates(RiverBank.SAVINGS)) {
      assertArrayEquals(
          RiverBank.vector(river, 0, "bank"), RiverBank.vector(savings, 0, "bank"), "embeddings");
      for (String word : List.of("river", "fish")) {
        float[] towards = RiverBank.vector(river, 6, word);
        double a = Example.cosine(RiverBank.vector(river, 6, "bank"), towards);
        double b = Example.cosine(RiverBank.vector(savings, 6, "bank"), towards);
        assertTrue(a > b + 0.1, word + ": " + a + " and " + b);
      }
    }
  }

  @Test
  void theFutureIsHiddenAndChangesNothing() {
    try (OnDevice on = new OnDevice()) {
      CausalMask.Seen you = CausalMask.attend(on, List.of("I", "like", "you"));
      CausalMask.Seen tea = CausalMask.attend(on, List.of("I", "like", "tea"));
      assertEquals(0, you.w(0, 1) + you.w(0, 2) + you.w(1, 2));
      assertArrayEquals(you.row(0), tea.row(0));
      assertArrayEquals(you.row(1), tea.row(1));
      assertFalse(Arrays.equals(you.row(2), tea.row(2)));
    }
  }

  /** Of a sentence that says it: the head for the token before does so in another text too. */
  @Test
  void theHeadForTheTokenBeforeIsNoAccident() {
    try (Device device = Devices.open("cpu");
        TextEncoder encoder = Example.miniLm(device);
        AttentionMap map = encoder.attention("Nobody told the heads what to look for, did they?")) {
      assertTrue(ManyHeads.share(map, 2, (q, k) -> k == q - 1) > 0.9);
    }
  }
}
