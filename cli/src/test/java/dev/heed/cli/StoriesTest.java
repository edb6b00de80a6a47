package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The model that comes with Heed. */
class StoriesTest {
  @Test
  void withoutAModelTheStoriesModelTellsOne() {
    String before = System.getProperty("heed.home");
    System.setProperty("heed.home", Path.of("..").toAbsolutePath().normalize().toString());
    try {
      String line = "generate --temperature 0 --max-tokens 40 --prompt";
      String[] args = (line + " x").split(" ");
      args[args.length - 1] = "Once upon a time";
      String out = Cli.run(args).ok().out();
      assertTrue(out.startsWith("Once upon a time"), out);
      assertTrue(out.split("\\s+").length > 15, out);
    } finally {
      if (before == null) {
        System.clearProperty("heed.home");
      } else {
        System.setProperty("heed.home", before);
      }
    }
  }
}
