package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Runs command lines in this process. */
final class Cli {
  static final ObjectMapper JSON = new ObjectMapper();

  private Cli() {}

  /** What a command line did. */
  record Result(int code, String out, String err) {
    /** Exit code 0 and nothing on stderr. */
    Result ok() {
      assertEquals("", err);
      assertEquals(0, code, out);
      return this;
    }

    /** Its output as JSON. */
    JsonNode json() throws IOException {
      ok();
      assertEquals(1, out.lines().count(), out);
      return JSON.readTree(out);
    }

    /** Nothing on stdout, one line on stderr that holds {@code part}, and this exit code. */
    Result fails(int expected, String part) {
      assertEquals("", out);
      assertEquals(1, err.lines().count(), err);
      assertTrue(err.endsWith("\n") && err.startsWith("heed"), err);
      assertTrue(err.contains(part), "no '" + part + "' in: " + err);
      assertTrue(!err.contains("Exception") && !err.contains("internal error"), err);
      assertEquals(expected, code, err);
      return this;
    }
  }

  static Result run(String... args) {
    return runWith(new byte[0], args);
  }

  /** With these bytes on standard input. */
  static Result runWith(byte[] stdin, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code = Main.run(args, new ByteArrayInputStream(stdin), out, err, false);
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** A file of the shared models; where it is absent the calling test is skipped. */
  static Path shared(String relative) {
    Path path = Path.of(System.getProperty("heed.shared", "../../shared")).resolve(relative);
    assumeTrue(Files.exists(path), () -> "needs shared/" + relative + " (-Dheed.shared=DIR)");
    return path;
  }
}
