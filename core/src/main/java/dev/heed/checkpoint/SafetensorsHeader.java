package dev.heed.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.CharBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file, with the checks of the reference implementation ({@code
 * safetensors/src/tensor.rs}): at most 100 MB, data without holes or overlaps from the header's end
 * to the file's, byte counts that fit shape and type.
 *
 * @param dataStart offset of the data section in the file
 * @param entries by offset
 */
record SafetensorsHeader(long dataStart, List<Entry> entries, Map<String, String> metadata) {
  static final long MAX_BYTES = 100_000_000;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          // Names are the file's: no table of them outlives the parse.
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(16)
                  .maxStringLength((int) MAX_BYTES)
                  .build())
          .build();

  /** Bits of an element by safetensors' name of the type. */
  private static final Map<String, Integer> BITS =
      Map.ofEntries(
          Map.entry("BOOL", 8),
          Map.entry("F4", 4),
          Map.entry("F6_E2M3", 6),
          Map.entry("F6_E3M2", 6),
          Map.entry("U8", 8),
          Map.entry("I8", 8),
          Map.entry("F8_E5M2", 8),
          Map.entry("F8_E4M3", 8),
          Map.entry("F8_E8M0", 8),
          Map.entry("I16", 16),
          Map.entry("U16", 16),
          Map.entry("F16", 16),
          Map.entry("BF16", 16),
          Map.entry("I32", 32),
          Map.entry("U32", 32),
          Map.entry("F32", 32),
          Map.entry("C64", 64),
          Map.entry("F64", 64),
          Map.entry("I64", 64),
          Map.entry("U64", 64));

  /** A tensor of the header; {@code begin} and {@code end} count from the data section's start. */
  record Entry(String name, String dtype, long[] shape, long begin, long end) {}

  /** Reads and checks the header. */
  static SafetensorsHeader read(MappedFile file) {
    if (file.size() < 8) {
      throw file.damaged("%d bytes are too few for a safetensors file", file.size());
    }
    long length = file.longAt(0);
    if (length < 0 || length > MAX_BYTES) {
      throw file.damaged(
          "its header would be %s bytes, more than the %d allowed",
          Long.toUnsignedString(length), MAX_BYTES);
    }
    if (!file.contains(8, length)) {
      throw file.damaged("its header would be %d bytes, the file has %d", length, file.size());
    }
    CharBuffer json = file.text(8, length, "the header");
    List<Entry> entries = new ArrayList<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    try (JsonParser parser = JSON.createParser(json.array(), json.arrayOffset(), json.length())) {
      parse(file, parser, entries, metadata);
    } catch (JsonProcessingException e) {
      throw file.damaged("its header is not JSON (%s)", reason(e));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    check(file, entries, 8 + length);
    return new SafetensorsHeader(8 + length, List.copyOf(entries), metadata);
  }

  /** Jackson's message without its description of the source. */
  static String reason(JsonProcessingException e) {
    return e.getOriginalMessage().replaceFirst("(?s) \\(start marker.*", "");
  }

  private static void parse(
      MappedFile file, JsonParser json, List<Entry> entries, Map<String, String> metadata)
      throws IOException {
    expect(file, json, json.nextToken(), JsonToken.START_OBJECT, "the header");
    for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
      JsonToken value = json.nextToken();
      if (!name.equals("__metadata__")) {
        expect(file, json, value, JsonToken.START_OBJECT, "tensor " + name);
        entries.add(entry(file, json, name));
      } else if (value != JsonToken.VALUE_NULL) {
        expect(file, json, value, JsonToken.START_OBJECT, name);
        metadata(file, json, metadata);
      }
    }
    if (json.nextToken() != null) {
      throw file.damaged("its header has text after the JSON object");
    }
  }

  private static void metadata(MappedFile file, JsonParser json, Map<String, String> metadata)
      throws IOException {
    for (String key = json.nextFieldName(); key != null; key = json.nextFieldName()) {
      expect(file, json, json.nextToken(), JsonToken.VALUE_STRING, "metadata " + key);
      metadata.put(key, json.getText());
    }
  }

  private static Entry entry(MappedFile file, JsonParser json, String name) throws IOException {
    String dtype = null;
    long[] shape = null;
    long[] offsets = null;
    for (String key = json.nextFieldName(); key != null; key = json.nextFieldName()) {
      JsonToken value = json.nextToken();
      switch (key) {
        case "dtype" -> {
          expect(file, json, value, JsonToken.VALUE_STRING, "the dtype of tensor " + name);
          dtype = json.getText();
        }
        case "shape" -> shape = numbers(file, json, "the shape of tensor " + name);
        case "data_offsets" -> offsets = numbers(file, json, "the data_offsets of tensor " + name);
        default -> json.skipChildren();
      }
    }
    if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
      throw file.damaged("tensor %s needs dtype, shape and two data_offsets", name);
    }
    return new Entry(name, dtype, shape, offsets[0], offsets[1]);
  }

  private static long[] numbers(MappedFile file, JsonParser json, String what) throws IOException {
    expect(file, json, json.currentToken(), JsonToken.START_ARRAY, what);
    long[] numbers = new long[4];
    int n = 0;
    for (JsonToken t = json.nextToken(); t != JsonToken.END_ARRAY; t = json.nextToken()) {
      expect(file, json, t, JsonToken.VALUE_NUMBER_INT, what);
      if (json.getNumberType() == JsonParser.NumberType.BIG_INTEGER || json.getLongValue() < 0) {
        throw file.damaged("%s has a number out of range, %s", what, json.getText());
      }
      if (n == numbers.length) {
        numbers = Arrays.copyOf(numbers, 2 * n);
      }
      numbers[n++] = json.getLongValue();
    }
    return Arrays.copyOf(numbers, n);
  }

  private static void expect(
      MappedFile file, JsonParser json, JsonToken got, JsonToken wanted, String what) {
    if (got != wanted) {
      throw file.damaged(
          "its header is not safetensors: %s is %s instead of %s",
          what, got == null ? "missing" : got, wanted);
    }
  }

  /** Data must cover {@code [start, size)} exactly, each entry its shape and type. */
  private static void check(MappedFile file, List<Entry> entries, long start) {
    long at = 0;
    for (Entry e : entries) {
      if (e.begin != at || e.end < e.begin) {
        throw file.damaged(
            "tensor %s has offsets [%d, %d), expected them from %d without hole or overlap",
            e.name, e.begin, e.end, at);
      }
      at = e.end;
      if (e.end - e.begin != bytes(file, e)) {
        throw file.damaged(
            "tensor %s has %d bytes, %s %s needs %d",
            e.name, e.end - e.begin, e.dtype, Arrays.toString(e.shape), bytes(file, e));
      }
    }
    if (at != file.size() - start) {
      throw file.damaged(
          "its tensors cover %d bytes, the file has %d after the header", at, file.size() - start);
    }
  }

  private static long bytes(MappedFile file, Entry e) {
    Integer bits = BITS.get(e.dtype);
    if (bits == null) {
      throw file.damaged("tensor %s has type %s, which safetensors does not know", e.name, e.dtype);
    }
    long elements = file.shape(e.name, e.shape).elements();
    long total;
    try {
      total = Math.multiplyExact(elements, (long) bits);
    } catch (ArithmeticException overflow) {
      throw file.damaged("tensor %s has more bits than 64 bits count", e.name);
    }
    if (total % 8 != 0) {
      throw file.damaged("tensor %s does not end on a byte", e.name);
    }
    return total / 8;
  }
}
