package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.AttentionMap;
import dev.heed.CausalLm;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser: that it draws, reacts, and shows the numbers of the API. */
class AttentionPageTest {
  private static final Path STORIES = Path.of("models", "stories");
  private static final String TEXT = "Once upon a time there was a little fox.";
  private static final long USABLE_MILLIS = 3000;

  @TempDir static Path folder;
  private static Browser browser;
  private static AttentionMap map;

  @BeforeAll
  static void open() throws IOException {
    if (!Browser.isThere()) {
      return;
    }
    browser = Browser.open();
    write(folder.resolve("fox.html"), STORIES, TEXT);
    try (Device device = Devices.open("cpu");
        CausalLm lm = CausalLm.load(STORIES, device)) {
      map = lm.attention(TEXT);
    }
  }

  @BeforeEach
  void requireBrowser() {
    Browser.require();
  }

  @AfterAll
  static void close() throws IOException {
    if (browser != null) {
      browser.close();
    }
    if (map != null) {
      map.close();
    }
  }

  private static void write(Path page, Path model, String text, String... more) {
    String[] args = {
      "attention", "--device", "cpu", "--model", model.toString(), "-o", page.toString(), text
    };
    String[] all = java.util.Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    assertEquals(page + "\n", Cli.run(all).ok().out());
  }

  /** Loads a page and waits until all its small maps are drawn. */
  private static void show(Path page) throws IOException {
    browser.open(page);
    await("document.documentElement.dataset.ready === 'true'");
    await(
        "+document.getElementById('grid').dataset.drawn === JSON.parse("
            + "document.getElementById('data').textContent).views[0].layers");
  }

  private static void await(String condition) throws IOException {
    long end = System.nanoTime() + 60_000_000_000L;
    while (!browser.run("return " + condition).asBoolean()) {
      assertTrue(System.nanoTime() < end, "never: " + condition);
    }
  }

  private static String text(String id) throws IOException {
    return browser.run("return document.getElementById('" + id + "').innerText").asText();
  }

  /** Where a canvas lies in the window, at these offsets, and what else it says of itself. */
  private static double[] place(String canvas, String left, String top, String... more)
      throws IOException {
    JsonNode all =
        browser.run(
            """
            const c = document.getElementById('%s'), r = c.getBoundingClientRect(), s = c.dataset;
            return [r.x + +s['%s'], r.y + +s['%s'], ...'%s'.split(' ').map(name => +s[name])];
            """
                .formatted(canvas, left, top, String.join(" ", more)));
    return all.valueStream().mapToDouble(JsonNode::asDouble).toArray();
  }

  /** The middle of a cell of the large map. */
  private static double[] cell(int query, int key) throws IOException {
    double[] at = place("map", "left", "top", "cell");
    return new double[] {at[0] + (key + 0.5) * at[2], at[1] + (query + 0.5) * at[2]};
  }

  private static void point(int query, int key) throws IOException {
    double[] at = cell(query, key);
    browser.move(at[0], at[1]);
  }

  /** As the page shows it: four significant digits, all written out. */
  private static String shown(float weight) {
    BigDecimal four =
        new BigDecimal(weight).round(new MathContext(4, RoundingMode.HALF_UP)).stripTrailingZeros();
    int decade = four.precision() - four.scale() - 1;
    return four.setScale(3 - decade).toPlainString();
  }

  private static void assertShows(String weight, int query, int key) throws IOException {
    point(query, key);
    String tip = text("tip");
    assertTrue(tip.endsWith(weight), tip + " shows " + weight);
    assertTrue(tip.contains(map.queries().get(query).text().strip()), tip);
    assertTrue(tip.contains(map.keys().get(key).text().strip()), tip);
  }

  @Test
  void itDrawsWithoutComplaint() throws IOException {
    show(folder.resolve("fox.html"));
    assertEquals("[]", browser.complaints().toString());
    assertEquals(TEXT, text("text"));
    assertTrue(text("about").contains("5 layers of 4 heads"), text("about"));
    assertEquals("layer 0 · head 0", text("chosen").replace('\u00a0', ' '));
    for (String canvas : new String[] {"grid", "map", "lines", "legend"}) {
      assertTrue(colours(canvas) > 8, canvas + " has " + colours(canvas) + " colours");
    }
    String page = Files.readString(folder.resolve("fox.html"));
    assertFalse(page.contains("http://") || page.contains("https://"), "needs the network");
  }

  private static int colours(String canvas) throws IOException {
    return browser
        .run(
            """
            const c = document.getElementById('%s');
            const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            return new Set(new Uint32Array(p.buffer)).size;
            """
                .formatted(canvas))
        .asInt();
  }

  @Test
  void hoverShowsTheNumbersOfTheApi() throws IOException {
    show(folder.resolve("fox.html"));
    assertShows(shown(map.weight(0, 0, 7, 3)), 7, 3);
    assertShows(shown(map.weight(0, 0, 2, 2)), 2, 2);
    assertShows("hidden", 2, 5);
    browser.key(Browser.DOWN);
    browser.key(Browser.RIGHT);
    browser.key(Browser.RIGHT);
    assertEquals("layer 1 · head 2", text("chosen"));
    for (int key = 0; key <= 9; key++) {
      assertShows(shown(map.weight(1, 2, 9, key)), 9, key);
    }
    browser.key("a");
    assertEquals("layer 1 · mean of heads", text("chosen"));
    assertShows(shown(map.mean(1, 6, 4)), 6, 4);
    assertTrue(text("flow").contains(map.queries().get(6).text().strip()), text("flow"));
  }

  @Test
  void keysMoveThroughHeadsAndLayers() throws IOException {
    show(folder.resolve("fox.html"));
    browser.key(Browser.LEFT);
    assertEquals("layer 0 · mean of heads", text("chosen"));
    browser.key(Browser.LEFT);
    assertEquals("layer 0 · head 3", text("chosen"));
    browser.key(Browser.UP);
    assertEquals("layer 0 · head 3", text("chosen"));
    for (int i = 0; i < 9; i++) {
      browser.key(Browser.DOWN);
    }
    assertEquals("layer 4 · head 3", text("chosen"));
    String before = picture();
    browser.key("t");
    assertNotEquals(before, picture(), "the other theme");
    browser.key("t");
    assertEquals(before, picture());
    browser.key("s");
    assertNotEquals(before, picture(), "another scale");
  }

  private static String picture() throws IOException {
    return browser.run("return document.getElementById('map').toDataURL()").asText();
  }

  @Test
  void clicksChooseHeadsAndKeepPairs() throws IOException {
    show(folder.resolve("fox.html"));
    double[] grid = place("grid", "left", "top", "columns", "rows");
    browser.click(grid[0] + 2.5 * grid[2], grid[1] + 3.5 * grid[3]);
    assertEquals("layer 3 · head 2", text("chosen"));
    double[] cell = cell(6, 4);
    browser.click(cell[0], cell[1]);
    browser.move(2, 2);
    await("document.getElementById('tip').hidden");
    String kept = text("top");
    assertTrue(kept.contains(shown(heaviest(3, 2, 6))), kept);
    browser.key(Browser.ESCAPE);
    await("document.getElementById('top').childElementCount === 0");
  }

  private static float heaviest(int layer, int head, int query) {
    float most = 0;
    for (float w : map.weights(layer, head, query)) {
      most = Math.max(most, w);
    }
    return most;
  }

  @Test
  void fiveHundredTokensStayUsable() throws IOException {
    String text = (TEXT + " ").repeat(60).substring(0, 1900);
    Path page = folder.resolve("long.html");
    write(page, STORIES, text);
    long start = System.nanoTime();
    show(page);
    long shown = millis(start);
    int tokens =
        browser
            .run(
                "return JSON.parse(document.getElementById('data').textContent)"
                    + ".views[0].keys.length")
            .asInt();
    assertTrue(tokens > 480 && tokens <= 512, tokens + " tokens");
    assertTrue(browser.run("return document.querySelectorAll('*').length").asInt() < 200);
    start = System.nanoTime();
    browser.key(Browser.RIGHT);
    assertEquals("layer 0 · head 1", text("chosen"));
    long turned = millis(start);
    start = System.nanoTime();
    point(400, 100);
    assertTrue(text("tip").matches("(?s).+→.+0\\.\\d+"), text("tip"));
    long hovered = millis(start);
    String times = "shown %d, turned %d, hovered %d ms".formatted(shown, turned, hovered);
    assertTrue(shown < 10 * USABLE_MILLIS && turned < USABLE_MILLIS, times);
    assertTrue(hovered < USABLE_MILLIS, times);
  }

  private static long millis(long since) {
    return (System.nanoTime() - since) / 1_000_000;
  }

  @Test
  void anEncoderDecoderHasThreeViews() throws IOException {
    Path page = folder.resolve("cross.html");
    write(page, Path.of("models", "dates"), "3 May 2009");
    show(page);
    assertEquals("3 May 2009 → 2009-05-03", text("text"));
    assertTrue(
        text("about").contains("Cross · 2 layers of 3 heads · 11 tokens to 10"), text("about"));
    browser.key("v");
    assertTrue(text("about").contains("Decoder"), text("about"));
    browser.key("v");
    assertTrue(text("about").contains("Encoder"), text("about"));
    assertEquals("[]", browser.complaints().toString());
  }
}
