package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Chromium without a window, driven over the W3C WebDriver protocol. */
final class Browser implements AutoCloseable {
  static final String LEFT = "\uE012";
  static final String UP = "\uE013";
  static final String RIGHT = "\uE014";
  static final String DOWN = "\uE015";
  static final String ESCAPE = "\uE00C";

  private static final int WIDTH = 1440;
  private static final int HEIGHT = 1000;
  private static final int PATIENCE_MILLIS = 120_000;

  private final Process driver;
  private final String session;

  private Browser(Process driver, String base) throws IOException {
    this.driver = driver;
    List<String> arguments =
        List.of(
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--window-size=" + WIDTH + "," + HEIGHT);
    Map<String, Object> options =
        Map.of(
            "browserName",
            "chrome",
            "goog:chromeOptions",
            Map.of("args", arguments),
            "goog:loggingPrefs",
            Map.of("browser", "ALL"));
    JsonNode value =
        send("POST", base + "/session", Map.of("capabilities", Map.of("alwaysMatch", options)));
    this.session = base + "/session/" + value.path("sessionId").asText();
  }

  /** Whether there are Chromium and its driver. */
  static boolean isThere() {
    return onPath("chromedriver").isPresent() && onPath("chromium").isPresent();
  }

  /**
   * Skips the calling test where there are not; {@code -Dheed.require.chromium=true} turns the skip
   * into a failure.
   */
  static void require() {
    if (Boolean.getBoolean("heed.require.chromium")) {
      assertTrue(isThere(), "no chromium and chromedriver in PATH");
    }
    assumeTrue(isThere(), "needs chromium and chromedriver (Debian: chromium chromium-driver)");
  }

  /** A browser. */
  static Browser open() throws IOException {
    Process driver =
        new ProcessBuilder(onPath("chromedriver").orElseThrow().toString(), "--port=0")
            .redirectErrorStream(true)
            .start();
    try {
      return new Browser(driver, "http://127.0.0.1:" + port(driver.inputReader()));
    } catch (IOException | RuntimeException e) {
      driver.destroy();
      throw e;
    }
  }

  private static Optional<Path> onPath(String program) {
    return Stream.of(System.getenv("PATH").split(java.io.File.pathSeparator))
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** The driver says on which port it listens. */
  private static String port(BufferedReader said) throws IOException {
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      if (line.matches(".*started successfully on port \\d+.*")) {
        return line.replaceAll(".*on port (\\d+).*", "$1");
      }
    }
    throw new IOException("chromedriver did not start");
  }

  void open(Path page) throws IOException {
    send("POST", session + "/url", Map.of("url", page.toUri().toString()));
  }

  /** What a script returns. */
  JsonNode run(String script) throws IOException {
    return send("POST", session + "/execute/sync", Map.of("script", script, "args", List.of()));
  }

  /** Presses a key and lets it go. */
  void key(String key) throws IOException {
    act(
        Map.of(
            "type",
            "key",
            "id",
            "keyboard",
            "actions",
            List.of(
                Map.of("type", "keyDown", "value", key), Map.of("type", "keyUp", "value", key))));
  }

  /** Moves the mouse there, in pixels of the window. */
  void move(double x, double y) throws IOException {
    mouse(x, y, false);
  }

  /** Clicks there. */
  void click(double x, double y) throws IOException {
    mouse(x, y, true);
  }

  private void mouse(double x, double y, boolean click) throws IOException {
    List<Map<String, Object>> actions = new ArrayList<>();
    actions.add(Map.of("type", "pointerMove", "duration", 0, "x", (int) x, "y", (int) y));
    if (click) {
      actions.add(Map.of("type", "pointerDown", "button", 0));
      actions.add(Map.of("type", "pointerUp", "button", 0));
    }
    act(
        Map.of(
            "type",
            "pointer",
            "id",
            "mouse",
            "parameters",
            Map.of("pointerType", "mouse"),
            "actions",
            actions));
  }

  private void act(Map<String, Object> source) throws IOException {
    send("POST", session + "/actions", Map.of("actions", List.of(source)));
  }

  /** What the page complained about. */
  JsonNode complaints() throws IOException {
    return send("POST", session + "/se/log", Map.of("type", "browser"));
  }

  /** {@code java.net.http} is a module that the command line does without. */
  private static JsonNode send(String method, String url, Map<String, Object> body)
      throws IOException {
    HttpURLConnection call = (HttpURLConnection) URI.create(url).toURL().openConnection();
    call.setRequestMethod(method);
    call.setRequestProperty("Content-Type", "application/json");
    call.setReadTimeout(PATIENCE_MILLIS);
    if (method.equals("POST")) {
      call.setDoOutput(true);
      try (OutputStream out = call.getOutputStream()) {
        Cli.JSON.writeValue(out, body);
      }
    }
    boolean fine = call.getResponseCode() == HttpURLConnection.HTTP_OK;
    try (InputStream in = fine ? call.getInputStream() : call.getErrorStream()) {
      JsonNode value = Cli.JSON.readTree(in).path("value");
      if (!fine) {
        throw new IOException(value.path("message").asText());
      }
      return value;
    }
  }

  @Override
  public void close() throws IOException {
    try {
      send("DELETE", session, Map.of());
    } finally {
      driver.destroy();
    }
  }
}
