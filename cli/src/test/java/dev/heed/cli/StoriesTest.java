package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The model that comes with Heed, against what PyTorch computes from its weights in float64. */
class StoriesTest {
  private static final String HOME = "heed.home";
  private static final int END = 1;

  private String before;

  @BeforeEach
  void setHome() {
    before = System.getProperty(HOME);
    System.setProperty(HOME, Path.of("..").toAbsolutePath().normalize().toString());
  }

  @AfterEach
  void restoreHome() {
    if (before == null) {
      System.clearProperty(HOME);
    } else {
      System.setProperty(HOME, before);
    }
  }

  private static Cli.Result greedy(String prompt, String... more) {
    String[] args = {"generate", "--temperature", "0", "--max-tokens", "80", "--prompt", prompt};
    String[] all = new String[args.length + more.length];
    System.arraycopy(args, 0, all, 0, args.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    return Cli.run(all);
  }

  @Test
  void itsGreedyIdsArePyTorchs() throws IOException {
    JsonNode golden = Cli.JSON.readTree(Path.of("models/stories/golden.json").toFile());
    for (JsonNode expected : golden.path("cases")) {
      String prompt = expected.path("prompt").asText();
      JsonNode root = greedy(prompt, "--json").json();
      ArrayNode ids = (ArrayNode) expected.path("greedy_ids").deepCopy();
      if (ids.path(ids.size() - 1).asInt() == END) {
        ids.remove(ids.size() - 1);
      }
      assertEquals(expected.path("prompt_ids"), root.path("promptTokens"), prompt);
      assertEquals(ids, root.path("tokens"), prompt);
    }
  }

  @Test
  void withoutAModelItTellsAStory() {
    String out = greedy("Once upon a time").ok().out();
    assertTrue(out.startsWith("Once upon a time, there was "), out);
    assertTrue(out.split("\\s+").length > 40, out);
  }
}
