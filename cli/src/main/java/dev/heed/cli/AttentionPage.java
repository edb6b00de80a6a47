package dev.heed.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.heed.AttentionMap;
import dev.heed.Token;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/**
 * One HTML page that shows attention maps, with all it needs inside: style, program and weights,
 * two bytes a weight ({@link DecimalCode}).
 *
 * @param model what the page calls the model
 * @param text what it shows above
 * @param views its maps
 * @param first the view, layer and head it opens with
 */
record AttentionPage(String model, String text, List<AttentionView> views, Chosen first) {
  /** What a browser keeps in memory without trouble. */
  private static final long MOST_BYTES = 800L << 20;

  /**
   * A head of a layer of a view.
   *
   * @param head {@link #MEAN} for the mean of all
   */
  record Chosen(int view, int layer, int head) {
    static final int MEAN = -1;
  }

  /**
   * Writes the page.
   *
   * @throws CommandFailure if it would be too large for a browser
   */
  void write(Writer to) throws IOException {
    requireReasonable();
    for (String part : resource("page.html").split("<!--heed:", -1)) {
      int end = part.indexOf("-->");
      switch (end < 0 ? "" : part.substring(0, end)) {
        case "page.css" -> to.write(resource("page.css"));
        case "page.js" -> to.write(resource("weights.js") + resource("page.js"));
        case "data" -> to.write(Json.object(this::data).replace("<", "\\u003c"));
        case "weights" -> weights(to);
        default -> end = -3;
      }
      to.write(part.substring(end + 3));
    }
  }

  private void requireReasonable() {
    long bytes = 0;
    for (AttentionView view : views) {
      AttentionMap map = view.map();
      long cells = 0;
      for (int q = 0; q < map.queries().size(); q++) {
        cells += view.visible(q);
      }
      bytes += cells * map.layers() * (map.heads() + 1) * 8 / 3;
    }
    if (bytes > MOST_BYTES) {
      throw new CommandFailure(
          "the page would have %,d MB, too much for a browser: give a shorter text, or ask for --json or --png"
              .formatted(bytes / 1_000_000));
    }
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = AttentionPage.class.getResourceAsStream("attention/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private void data(JsonGenerator json) throws IOException {
    json.writeStringField("model", model);
    json.writeStringField("text", text);
    json.writeNumberField("view", first.view());
    json.writeNumberField("layer", first.layer());
    json.writeNumberField("head", first.head());
    json.writeObjectFieldStart("palettes");
    json.writeStringField("light", ColourScale.LIGHT.hex());
    json.writeStringField("dark", ColourScale.DARK.hex());
    json.writeEndObject();
    json.writeArrayFieldStart("views");
    for (AttentionView view : views) {
      json.writeStartObject();
      json.writeStringField("title", view.title());
      json.writeBooleanField("causal", view.isCausal());
      json.writeBooleanField("cross", view.isCross());
      json.writeNumberField("layers", view.map().layers());
      json.writeNumberField("heads", view.map().heads());
      tokens(json, "queries", view.map().queries());
      tokens(json, "keys", view.map().keys());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void tokens(JsonGenerator json, String name, List<Token> tokens)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (String label : AttentionView.labels(tokens)) {
      json.writeString(label);
    }
    json.writeEndArray();
  }

  /** An element for each layer: its heads and their mean, row by row, only what is visible. */
  private void weights(Writer to) throws IOException {
    for (int v = 0; v < views.size(); v++) {
      for (int layer = 0; layer < views.get(v).map().layers(); layer++) {
        to.write("<script type=\"text/plain\" id=\"w-" + v + "-" + layer + "\">");
        try (OutputStream out = Base64.getEncoder().wrap(new Ascii(to))) {
          layer(views.get(v), layer, out);
        }
        to.write("</script>\n");
      }
    }
  }

  private static void layer(AttentionView view, int layer, OutputStream out) throws IOException {
    AttentionMap map = view.map();
    byte[] bytes = new byte[2 * map.keys().size()];
    for (int head = 0; head <= map.heads(); head++) {
      for (int q = 0; q < map.queries().size(); q++) {
        int visible = view.visible(q);
        for (int k = 0; k < visible; k++) {
          float w = head < map.heads() ? map.weight(layer, head, q, k) : map.mean(layer, q, k);
          char code = DecimalCode.of(w);
          bytes[2 * k] = (byte) code;
          bytes[2 * k + 1] = (byte) (code >> 8);
        }
        out.write(bytes, 0, 2 * visible);
      }
    }
  }

  /** Bytes of ASCII to a writer that stays open. */
  private static final class Ascii extends OutputStream {
    private final Writer to;

    Ascii(Writer to) {
      this.to = to;
    }

    @Override
    public void write(int b) throws IOException {
      to.write(b);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      to.write(new String(bytes, from, length, StandardCharsets.ISO_8859_1));
    }
  }
}
