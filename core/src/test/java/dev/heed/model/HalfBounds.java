package dev.heed.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.device.ComputeTypes;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.io.InputStream;

/**
 * How far from float64 a model may be in a 16-bit type: no farther than plain PyTorch, all of whose
 * weights and activations are of that type; {@code half/bounds.py} tells how far that is.
 */
public final class HalfBounds {
  private final String model;
  private final DType type;
  private final JsonNode all;
  private final JsonNode bounds;

  private HalfBounds(String model, DType type, JsonNode all) {
    this.model = model;
    this.type = type;
    this.all = all;
    this.bounds = all.get(ComputeTypes.name(type));
  }

  /** Those of a model in F16 or BF16. */
  public static HalfBounds of(String model, DType type) throws IOException {
    try (InputStream file = HalfBounds.class.getResourceAsStream("half/bounds.json")) {
      return new HalfBounds(model, type, new ObjectMapper().readTree(file).get(model));
    }
  }

  /** The ids whose logits were compared, those of the text that float64 writes greedily. */
  public int[] ids() {
    return all.get("ids").valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  /** A limit: of the normalised mean square error, or of a cosine. */
  public double limit(String key) {
    return bounds.get(key).asDouble();
  }

  /** Values no farther from float64's than plain PyTorch's, in the normalised mean square. */
  public void requireClose(String key, double[] got, double[] want) {
    requireClose(key, got, want, 1);
  }

  /**
   * The same with {@code times} plain PyTorch's error: models of few numbers are at the mercy of
   * single roundings. 2 as in FlashAttention's tests.
   */
  public void requireClose(String key, double[] got, double[] want, double times) {
    assertEquals(want.length, got.length);
    double error = 0;
    double power = 0;
    for (int i = 0; i < got.length; i++) {
      error += (got[i] - want[i]) * (got[i] - want[i]);
      power += want[i] * want[i];
    }
    double nmse = error / power;
    assertTrue(
        nmse <= times * times * limit(key),
        () -> "%s in %s: %s NMSE %.3g, plain %.3g".formatted(model, type, key, nmse, limit(key)));
  }

  /**
   * A greedy text goes as float64's up to a token that plain PyTorch's error may change: where the
   * best logit is ahead of the second by no more than twice the largest error of a logit.
   *
   * @param tokens written after the first of {@link #ids}
   */
  public void requireGreedy(int[] tokens) {
    int[] ids = ids();
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] != ids[i + 1]) {
        double margin = all.get("margins").get(i).asDouble();
        String where = "%s in %s: token %d, margin %s".formatted(model, type, i, margin);
        assertTrue(margin <= 2 * limit("largest"), where);
        return;
      }
    }
  }
}
