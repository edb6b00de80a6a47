package dev.heed.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;

/** Writes JSON by hand, field by field. */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  /** What fills a document. */
  @FunctionalInterface
  interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  /** One object on one line, without a line end. */
  static String object(Body fields) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.writeStartObject();
      fields.write(json);
      json.writeEndObject();
    }
    return text.toString();
  }

  /** The same, written as it is made, with a line end: for what may be large. */
  static void write(PrintStream to, Body fields) throws IOException {
    try (JsonGenerator json = FACTORY.createGenerator(to)) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.writeStartObject();
      fields.write(json);
      json.writeEndObject();
    }
    to.println();
  }

  /** A field that is an array of numbers. */
  static void ints(JsonGenerator json, String name, int[] values) throws IOException {
    json.writeFieldName(name);
    json.writeArray(values, 0, values.length);
  }

  /** A field that is an array of numbers; each in the fewest digits that give it back. */
  static void floats(JsonGenerator json, String name, float[] values) throws IOException {
    json.writeArrayFieldStart(name);
    for (float v : values) {
      json.writeNumber(v);
    }
    json.writeEndArray();
  }

  /** A measured number, to four significant digits; NaN and infinities become null. */
  static void measure(JsonGenerator json, String name, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumberField(
          name, new java.math.BigDecimal(value).round(new java.math.MathContext(4)).doubleValue());
    } else {
      json.writeNullField(name);
    }
  }
}
