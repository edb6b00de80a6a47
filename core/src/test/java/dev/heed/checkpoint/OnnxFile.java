package dev.heed.checkpoint;

/** Builds ONNX models (onnx.proto). */
final class OnnxFile {
  private final Bytes graph = new Bytes();

  /** A TensorProto with raw data. */
  static Bytes tensor(String name, int dataType, byte[] rawData, long... dims) {
    Bytes out = header(name, dataType, dims);
    return out.field(9, rawData);
  }

  /** A TensorProto without data. */
  static Bytes header(String name, int dataType, long... dims) {
    Bytes out = new Bytes();
    for (long d : dims) {
      out.field(1, d);
    }
    return out.field(2, dataType).field(8, name);
  }

  OnnxFile initializer(Bytes tensor) {
    graph.field(5, tensor.toArray());
    return this;
  }

  OnnxFile node(String op, String name, String... inputs) {
    Bytes node = new Bytes();
    for (String input : inputs) {
      node.field(1, input);
    }
    node.field(2, name + "_output").field(3, name).field(4, op);
    graph.field(1, node.toArray());
    return this;
  }

  byte[] toArray() {
    return new Bytes().field(1, 8).field(2, "test").field(7, graph.toArray()).toArray();
  }
}
