package dev.heed.checkpoint;

import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The initialisers of an ONNX model ({@code ModelProto.graph.initializer}): raw data in the file or
 * in files beside it. The graph itself is not run.
 *
 * <p>PyTorch's exporter keeps parameter names but for the weights of linear layers, which it
 * transposes and calls {@code onnx::MatMul_885}. Their MatMul node keeps the module's path, {@code
 * /encoder/layer.0/attention/self/query/MatMul}: such a weight gets its Hugging Face name back,
 * {@code encoder.layer.0.attention.self.query.weight}, its shape [out, in], and is {@link
 * CheckpointTensor#transposed}.
 */
public final class OnnxInitializers extends Checkpoint {
  private static final String MATMUL = "/MatMul";

  private OnnxInitializers(MappedFile file, long bytes, Arena arena, TensorTable table) {
    super(file.path(), bytes, arena, table);
  }

  /**
   * Opens an {@code .onnx} file.
   *
   * @throws CheckpointException if it is missing or not valid, or a data file is
   */
  public static OnnxInitializers open(Path path) {
    return MappedFile.open(path, OnnxInitializers::of);
  }

  static OnnxInitializers of(MappedFile file, Arena arena) {
    ProtobufReader model = new ProtobufReader(file, 0, file.size(), "the model");
    Map<String, OnnxTensor> initializers = new LinkedHashMap<>();
    Map<String, String> modules = new HashMap<>();
    boolean graph = false;
    while (model.next()) {
      if (model.field() == 7) {
        graph = true;
        readGraph(file, model.message("the graph"), initializers, modules);
      }
    }
    if (!graph) {
      throw file.damaged("there is no graph in it: not an ONNX model");
    }
    TensorTable table = new TensorTable();
    Map<String, MappedFile> external = new HashMap<>();
    for (OnnxTensor tensor : initializers.values()) {
      add(table, file, tensor, modules.get(tensor.name()), external, arena);
    }
    long bytes = file.size() + external.values().stream().mapToLong(MappedFile::size).sum();
    return new OnnxInitializers(file, bytes, arena, table);
  }

  /** GraphProto: fields 1 node and 5 initializer. */
  private static void readGraph(
      MappedFile file,
      ProtobufReader graph,
      Map<String, OnnxTensor> initializers,
      Map<String, String> modules) {
    while (graph.next()) {
      if (graph.field() == 1) {
        readNode(graph.message("a node"), modules);
      } else if (graph.field() == 5) {
        OnnxTensor tensor = OnnxTensor.read(graph.message("an initialiser"));
        if (tensor.name().isEmpty() || initializers.put(tensor.name(), tensor) != null) {
          throw file.damaged("initialiser '%s' is there twice or has no name", tensor.name());
        }
      }
    }
  }

  /** NodeProto: fields 1 input, 3 name, 4 op_type. Notes the module of a MatMul's right side. */
  private static void readNode(ProtobufReader node, Map<String, String> modules) {
    String right = null;
    String name = "";
    String op = "";
    int inputs = 0;
    while (node.next()) {
      switch (node.field()) {
        case 1 -> {
          if (inputs++ == 1) {
            right = node.text();
          }
        }
        case 3 -> name = node.text();
        case 4 -> op = node.text();
        default -> {}
      }
    }
    if (op.equals("MatMul") && right != null && name.startsWith("/") && name.endsWith(MATMUL)) {
      String path = name.substring(1, Math.max(1, name.length() - MATMUL.length()));
      modules.putIfAbsent(right, path.replace('/', '.') + ".weight");
    }
  }

  /** {@code weightName}: what the tensor's MatMul says it is, or null. */
  private static void add(
      TensorTable table,
      MappedFile file,
      OnnxTensor tensor,
      String weightName,
      Map<String, MappedFile> external,
      Arena arena) {
    String name = tensor.name();
    if (tensor.dtype().isEmpty() || tensor.scattered()) {
      String why =
          tensor.dtype().isEmpty()
              ? "; Heed reads " + readableTypes()
              : " not stored as raw data; export it again";
      table.addUnreadable(name, "is " + tensor.typeName() + why);
      return;
    }
    DType dtype = tensor.dtype().get();
    Shape shape = file.shape(name, tensor.dims());
    CheckpointTensor stored =
        tensor.external().isEmpty()
            ? inside(file, tensor, dtype, shape)
            : outside(file, tensor, dtype, shape, external, arena);
    boolean linear = weightName != null && shape.rank() == 2 && name.startsWith("onnx::");
    if (!table.add(linear ? stored.transpose().named(weightName) : stored)) {
      throw file.damaged("initialiser %s is there twice", linear ? weightName : name);
    }
  }

  private static CheckpointTensor inside(
      MappedFile file, OnnxTensor tensor, DType dtype, Shape shape) {
    if (tensor.length() != bytes(file, tensor, dtype, shape)) {
      throw file.damaged(
          "initialiser %s has %d bytes, %s %s needs %d",
          tensor.name(), tensor.length(), dtype, shape, bytes(file, tensor, dtype, shape));
    }
    long start = Math.max(0, tensor.start());
    return new CheckpointTensor(tensor.name(), dtype, shape, file.slice(start, tensor.length()));
  }

  private static CheckpointTensor outside(
      MappedFile file,
      OnnxTensor tensor,
      DType dtype,
      Shape shape,
      Map<String, MappedFile> external,
      Arena arena) {
    String location = tensor.external().getOrDefault("location", "");
    MappedFile data = external.get(location);
    if (data == null) {
      data = MappedFile.map(file.beside(location, "initialiser " + tensor.name()), arena);
      external.put(location, data);
    }
    long bytes = bytes(file, tensor, dtype, shape);
    long offset = number(file, tensor, "offset", 0);
    if (number(file, tensor, "length", bytes) != bytes || !data.contains(offset, bytes)) {
      throw data.damaged(
          "initialiser %s, %s %s, needs %d bytes from %d, the file has %d",
          tensor.name(), dtype, shape, bytes, offset, data.size());
    }
    return new CheckpointTensor(tensor.name(), dtype, shape, data.slice(offset, bytes));
  }

  private static long number(MappedFile file, OnnxTensor tensor, String key, long otherwise) {
    String text = tensor.external().get(key);
    try {
      return text == null ? otherwise : Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw file.damaged("initialiser %s has %s '%s', not a number", tensor.name(), key, text);
    }
  }

  private static long bytes(MappedFile file, OnnxTensor tensor, DType dtype, Shape shape) {
    try {
      return dtype.bytes(shape.elements());
    } catch (ArithmeticException e) {
      throw file.damaged("initialiser %s has more bytes than 64 bits count", tensor.name());
    }
  }

  @Override
  public String format() {
    return "ONNX";
  }
}
