package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What the documents and the help tell people to type is understood. */
class DocumentationTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

  @TempDir private Path folder;

  static CommandLine line() {
    return HeedCommand.line(
        Io.of(
            new ByteArrayInputStream(new byte[0]),
            new ByteArrayOutputStream(),
            new ByteArrayOutputStream(),
            false));
  }

  @ParameterizedTest
  @ValueSource(strings = {"README.md", "BACKENDS.md"})
  void itsCommandLinesParse(String document) throws IOException {
    int parsed = 0;
    for (String text : Files.readAllLines(ROOT.resolve(document))) {
      String command = text.strip();
      if (command.startsWith("./heed ") && !command.startsWith("./heed test")) {
        parse(command);
        parsed++;
      }
    }
    assertTrue(parsed >= 4, document + " has " + parsed + " command lines");
  }

  @Test
  void theExamplesOfTheHelpParse() {
    assertTrue(examples(line()) >= 20);
  }

  private static int examples(CommandLine line) {
    int parsed = 0;
    for (String text : line.getCommandSpec().usageMessage().footer()) {
      if (text.startsWith("  heed ")) {
        parse(text.strip());
        parsed++;
      }
    }
    for (CommandLine sub : line.getSubcommands().values()) {
      parsed += examples(sub);
    }
    return parsed;
  }

  private static void parse(String command) {
    line().parseArgs(words(command));
  }

  /** As a shell would split it: quotes, comments and redirections are not the program's. */
  static String[] words(String command) {
    String own = command.replaceAll("\\s+[#<].*", "");
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(own);
    while (matcher.find()) {
      words.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
    }
    return words.subList(1, words.size()).toArray(String[]::new);
  }

  @Test
  void theJavaExampleCompiles() throws IOException {
    String readme = Files.readString(ROOT.resolve("README.md"));
    int from = readme.indexOf("```java\n") + 8;
    String body = readme.substring(from, readme.indexOf("```", from));
    Path source = folder.resolve("Example.java");
    Files.writeString(
        source,
        "import dev.heed.*; import dev.heed.device.*; import java.nio.file.*; import java.util.*;\n"
            + "class Example { static void run() {\n"
            + body
            + "}}\n");
    StringWriter said = new StringWriter();
    PrintWriter out = new PrintWriter(said, true);
    int code =
        ToolProvider.findFirst("javac")
            .orElseThrow()
            .run(
                out,
                out,
                "-proc:none",
                "-d",
                folder.toString(),
                "-classpath",
                System.getProperty("java.class.path"),
                source.toString());
    assertEquals("", said.toString());
    assertEquals(0, code);
  }
}
