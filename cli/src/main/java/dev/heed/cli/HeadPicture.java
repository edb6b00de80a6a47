package dev.heed.cli;

import dev.heed.AttentionMap;
import java.io.IOException;
import java.util.Locale;

/**
 * A picture of one head: a row for each query, a column for each key, the darker the heavier.
 * Colours follow the square root of the weight, as on the page, so that small ones can be seen.
 */
final class HeadPicture {
  private static final int SIDE = 960;
  private static final int LARGEST_CELL = 48;

  private HeadPicture() {}

  /** The bytes of a PNG file. */
  static byte[] png(AttentionView view, int layer, int head) throws IOException {
    AttentionMap map = view.map();
    int queries = map.queries().size();
    int keys = map.keys().size();
    int cell = Math.clamp(SIDE / Math.max(queries, keys), 1, LARGEST_CELL);
    byte[] pixels = new byte[queries * cell * keys * cell];
    for (int y = 0; y < queries * cell; y++) {
      for (int x = 0; x < keys * cell; x++) {
        pixels[y * keys * cell + x] = step(weight(map, layer, head, y / cell, x / cell));
      }
    }
    int[] palette = new int[ColourScale.STEPS];
    for (int i = 0; i < palette.length; i++) {
      palette[i] = ColourScale.LIGHT.rgb(i);
    }
    String title =
        String.format(
            Locale.ROOT,
            "%s attention, layer %d, %s",
            view.title(),
            layer,
            head == AttentionPage.Chosen.MEAN ? "mean of heads" : "head " + head);
    return Png.of(keys * cell, queries * cell, palette, pixels, title);
  }

  private static float weight(AttentionMap map, int layer, int head, int query, int key) {
    return head == AttentionPage.Chosen.MEAN
        ? map.mean(layer, query, key)
        : map.weight(layer, head, query, key);
  }

  private static byte step(float weight) {
    return (byte) Math.round((ColourScale.STEPS - 1) * Math.sqrt(Math.min(weight, 1)));
  }
}
