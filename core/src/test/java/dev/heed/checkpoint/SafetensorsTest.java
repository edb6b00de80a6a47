package dev.heed.checkpoint;

import static dev.heed.checkpoint.Readers.rejects;
import static dev.heed.checkpoint.Readers.safetensors;
import static dev.heed.checkpoint.Readers.safetensorsFile;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
  private static final String TWO =
      "{\"__metadata__\":{\"format\":\"pt\",\"note\":\"zwölf\"},"
          + "\"second\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[24,28]},"
          + "\"first\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}  ";

  @Test
  void readsTensorsInTheOrderOfTheFile() {
    Bytes data = Bytes.floats(1, 2, 3, 4, 5, 6).i16(0x3c00).i16(0xc000);
    Safetensors file = safetensors(safetensorsFile(TWO, data.toArray()));
    assertEquals(List.of("first", "second"), List.copyOf(file.tensors().keySet()));
    CheckpointTensor first = file.find("first").orElseThrow();
    assertEquals(DType.F32, first.dtype());
    assertEquals(Shape.of(2, 3), first.shape());
    assertFalse(first.transposed());
    assertArrayEquals(
        new float[] {1, 2, 3, 4, 5, 6}, Quants.dequantize(DType.F32, first.data(), 0, 6));
    CheckpointTensor second = file.find("second").orElseThrow();
    assertArrayEquals(new float[] {1, -2}, Quants.dequantize(second.dtype(), second.data(), 0, 2));
    assertTrue(file.find("third").isEmpty());
    assertEquals(Map.of("format", "pt", "note", "zwölf"), file.metadata());
    assertEquals("safetensors", file.format());
  }

  @Test
  void otherTypesAreThereButNotReadable() {
    String header =
        "{\"ids\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
            + "\"half\":{\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[8,9]}}";
    Safetensors file = safetensors(safetensorsFile(header, new byte[9]));
    assertTrue(file.tensors().isEmpty());
    assertEquals(List.of("ids", "half"), List.copyOf(file.unreadable().keySet()));
    rejects("x.safetensors: tensor ids is I64; Heed reads F32", () -> file.find("ids"));
  }

  @Test
  void scalarsAndEmptyTensors() {
    String header =
        "{\"scalar\":{\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[0,1]},"
            + "\"none\":{\"dtype\":\"F32\",\"shape\":[3,0],\"data_offsets\":[1,1]}}";
    Safetensors file = safetensors(safetensorsFile(header, new byte[] {7}));
    assertEquals(Shape.of(), file.find("scalar").orElseThrow().shape());
    assertEquals(0, file.find("none").orElseThrow().data().byteSize());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "[] | the header is START_ARRAY",
        "{} {} | text after",
        "{\"a\":3} | tensor a is VALUE_NUMBER_INT",
        "{\"a\":{\"dtype\":\"I8\",\"shape\":[2]}} | needs dtype, shape and two data_offsets",
        "{\"a\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[0,2,2]}} | two data_offsets",
        "{\"a\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,2]}} | the dtype of tensor a",
        "{\"a\":{\"dtype\":\"I8\",\"shape\":[2.0],\"data_offsets\":[0,2]}} | VALUE_NUMBER_FLOAT",
        "{\"a\":{\"dtype\":\"I8\",\"shape\":[-2],\"data_offsets\":[0,2]}} | out of range, -2",
        "{\"a\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[2,0]}} | offsets [2, 0)",
        "{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[1,2]}} | offsets [1, 2)",
        "{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}} | cover 1 bytes",
        "{\"a\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[0,2]}} | has 2 bytes, I8 [3]",
        "{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}} | not end on a byte",
        "{\"a\":{\"dtype\":\"Q9\",\"shape\":[2],\"data_offsets\":[0,2]}} | type Q9",
        "{\"__metadata__\":{\"a\":1}} | metadata a",
        "{\"a\": | not JSON",
        "{\"a\":{},\"a\":{}} | needs dtype",
      })
  void rejectsBadHeaders(String header, String part) {
    rejects(part, () -> safetensors(safetensorsFile(header, new byte[2])));
  }

  @Test
  void rejectsDuplicates() {
    String a = "\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}";
    rejects(
        "Duplicate field 'a'",
        () -> safetensors(safetensorsFile("{" + a + "," + a + "}", new byte[1])));
  }

  @Test
  void rejectsLengthsThatLeaveTheFile() {
    rejects("too few", () -> safetensors(new byte[7]));
    rejects("header would be 3 bytes", () -> safetensors(new Bytes().i64(3).i16(0).toArray()));
    rejects("more than the 100000000", () -> safetensors(new Bytes().i64(-1).toArray()));
    rejects("more than the 100000000", () -> safetensors(new Bytes().i64(1 << 30).toArray()));
    rejects("not UTF-8", () -> safetensors(new Bytes().i64(2).i16(0xffff).toArray()));
  }

  /** A name of the file cannot break the line or flood the terminal. */
  @Test
  void hostileNamesStayOneLine() {
    String bad = "{\"%s\":{\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[5,6]}}";
    rejects(
        "tensor a?b?c has offsets",
        () -> safetensors(safetensorsFile(bad.formatted("a\\nb\\u001bc"), new byte[0])));
    String message =
        assertThrows(
                CheckpointException.class,
                () -> safetensors(safetensorsFile(bad.formatted("x".repeat(40_000)), new byte[0])))
            .getMessage();
    assertTrue(message.length() < 1100, message);
  }
}
