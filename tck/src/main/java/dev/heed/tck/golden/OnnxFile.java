package dev.heed.tck.golden;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.heed.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;

/** One case of the ONNX standard, as JSON: an op, its attributes, inputs and outputs. */
final class OnnxFile {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private final JsonNode root;

  private OnnxFile(JsonNode root) {
    this.root = root;
  }

  static OnnxFile read(Path path) {
    try {
      return new OnnxFile(JSON.readTree(path.toFile()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A tensor with its ONNX type's name. */
  record Values(Shape shape, String type, double[] data) {
    int dim(int i) {
      return (int) shape.dim(i);
    }

    int rank() {
      return shape.rank();
    }
  }

  String op() {
    return root.get("op").asText();
  }

  double attribute(String name, double otherwise) {
    JsonNode value = root.get("attributes").get(name);
    return value == null ? otherwise : value.asDouble();
  }

  String text(String name, String otherwise) {
    JsonNode value = root.get("attributes").get(name);
    return value == null ? otherwise : value.asText();
  }

  Values input(String name) {
    return optional(name).orElseThrow(() -> new IllegalArgumentException("no input " + name));
  }

  Optional<Values> optional(String name) {
    return find(root.get("inputs"), name);
  }

  /** The first output, which is the op's result. */
  Values result() {
    return values(root.get("outputs").get(0));
  }

  Values output(String name) {
    return find(root.get("outputs"), name)
        .orElseThrow(() -> new IllegalArgumentException("no output " + name));
  }

  private static Optional<Values> find(JsonNode list, String name) {
    for (JsonNode t : list) {
      if (t.get("name").asText().equals(name)) {
        return Optional.of(values(t));
      }
    }
    return Optional.empty();
  }

  private static Values values(JsonNode t) {
    long[] dims = new long[t.get("shape").size()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = t.get("shape").get(i).asLong();
    }
    JsonNode data = t.get("data");
    double[] values = new double[data.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = data.get(i).asDouble();
    }
    return new Values(Shape.of(dims), t.get("dtype").asText(), values);
  }
}
