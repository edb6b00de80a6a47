package dev.heed.checkpoint;

import dev.heed.tensor.DType;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * ONNX's TensorProto as the file has it (onnx.proto, IR version 3 and later).
 *
 * @param dataType number in {@code TensorProto.DataType}
 * @param start offset of the data in the file; -1 if there is none that can be viewed
 * @param external {@code external_data}; empty for data in the file
 */
record OnnxTensor(
    String name,
    long[] dims,
    int dataType,
    long start,
    long length,
    boolean scattered,
    Map<String, String> external) {
  private static final int MAX_DIMS = 16;

  /** Names of {@code TensorProto.DataType} by number. */
  private static final String[] TYPES = {
    "UNDEFINED",
    "FLOAT",
    "UINT8",
    "INT8",
    "UINT16",
    "INT16",
    "INT32",
    "INT64",
    "STRING",
    "BOOL",
    "FLOAT16",
    "DOUBLE",
    "UINT32",
    "UINT64",
    "COMPLEX64",
    "COMPLEX128",
    "BFLOAT16",
    "FLOAT8E4M3FN",
    "FLOAT8E4M3FNUZ",
    "FLOAT8E5M2",
    "FLOAT8E5M2FNUZ",
    "UINT4",
    "INT4",
    "FLOAT4E2M1"
  };

  static OnnxTensor read(ProtobufReader in) {
    String name = "";
    long[] dims = {};
    int dataType = 0;
    long start = -1;
    long length = 0;
    int pieces = 0;
    boolean externalLocation = false;
    Map<String, String> external = new HashMap<>();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> dims = in.integers(dims, MAX_DIMS);
        case 2 -> dataType = (int) in.varint();
        case 4, 9 -> { // float_data, raw_data
          boolean whole = in.wire() == ProtobufReader.BYTES;
          start = whole ? in.bytesStart() : -1;
          length = whole ? in.bytesLength() : 0;
          pieces++;
        }
        case 5 -> pieces = 2; // int32_data: one varint an element, nothing to view
        case 8 -> name = in.text();
        case 13 -> readPair(in.message("external_data"), external);
        case 14 -> externalLocation = in.varint() == 1;
        default -> {}
      }
    }
    boolean scattered = pieces > 1 || (pieces == 1 && start < 0);
    return new OnnxTensor(
        name, dims, dataType, start, length, scattered, externalLocation ? external : Map.of());
  }

  /** A StringStringEntryProto. */
  private static void readPair(ProtobufReader in, Map<String, String> pairs) {
    String key = "";
    String value = "";
    while (in.next()) {
      switch (in.field()) {
        case 1 -> key = in.text();
        case 2 -> value = in.text();
        default -> {}
      }
    }
    pairs.put(key, value);
  }

  String typeName() {
    return dataType >= 0 && dataType < TYPES.length ? TYPES[dataType] : "type " + dataType;
  }

  /** Heed's type, where it computes with this one. */
  Optional<DType> dtype() {
    return Optional.ofNullable(
        switch (dataType) {
          case 1 -> DType.F32;
          case 3 -> DType.I8;
          case 6 -> DType.I32;
          case 10 -> DType.F16;
          case 16 -> DType.BF16;
          default -> null;
        });
  }
}
