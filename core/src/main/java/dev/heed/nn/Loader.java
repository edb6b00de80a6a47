package dev.heed.nn;

import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Weights;
import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.HostWeight;
import dev.heed.device.PlanningDevice;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.NormKind;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/** Brings named weights to the device: matrices packed as its kernels like them, vectors in F32. */
public final class Loader {
  private final Weights weights;
  private final CommandQueue queue;
  private final Arena arena;
  private final LongConsumer loaded;

  /**
   * A loader.
   *
   * @param weights the scope names are looked up in
   * @param queue of the device
   * @param arena owns what is loaded; shared
   * @param loaded told the bytes of each weight when it is on the device
   */
  public Loader(Weights weights, CommandQueue queue, Arena arena, LongConsumer loaded) {
    this.weights = weights;
    this.queue = queue;
    this.arena = arena;
    this.loaded = loaded;
  }

  /** A loader whose names begin with {@code scope} and a dot. */
  public Loader at(String scope) {
    return new Loader(weights.at(scope), queue, arena, loaded);
  }

  /** Whether there is such a tensor. */
  public boolean has(String name) {
    return weights.has(name);
  }

  /**
   * Whether the rows of queries and keys are in the order for interleaved rotary positions, as in
   * GGUF's llama.
   */
  public boolean ropeInterleaved() {
    return weights.ropeInterleaved();
  }

  /**
   * One of the projections that make a Linear.
   *
   * @param name of the module: {@code name.weight} [outputs, inputs] and, where it is there, {@code
   *     name.bias} [outputs]
   * @param outputs its rows
   */
  public record Rows(String name, long outputs) {}

  /** Names a projection of so many outputs. */
  public static Rows rows(String name, long outputs) {
    return new Rows(name, outputs);
  }

  /** Stacks projections of the same input; neighbours of one type become one weight. */
  public Linear linear(long inputs, Rows... projections) {
    List<Linear.Part> parts = new ArrayList<>();
    for (int from = 0, to; from < projections.length; from = to) {
      List<CheckpointTensor> group = new ArrayList<>();
      for (to = from; to < projections.length; to++) {
        CheckpointTensor t =
            weights.get(projections[to].name() + ".weight", projections[to].outputs(), inputs);
        if (!group.isEmpty()
            && (group.getFirst().dtype() != t.dtype()
                || t.transposed()
                || group.getFirst().transposed())) {
          break;
        }
        group.add(t);
      }
      parts.add(part(inputs, group, List.of(projections).subList(from, to)));
    }
    return new Linear(parts);
  }

  private Linear.Part part(long inputs, List<CheckpointTensor> group, List<Rows> rows) {
    long outputs = rows.stream().mapToLong(Rows::outputs).sum();
    CheckpointTensor first = group.getFirst();
    return new Linear.Part(
        pack(
            new HostWeight(
                String.join(
                    "+", rows.stream().map(r -> weights.fullName(r.name() + ".weight")).toList()),
                group.stream().map(CheckpointTensor::data).toList(),
                Shape.of(outputs, inputs),
                first.dtype(),
                first.transposed(),
                Use.MATRIX)),
        bias(rows, outputs));
  }

  /**
   * The biases behind each other, zeros for a projection without one; none where no projection has
   * one.
   */
  private Optional<Tensor> bias(List<Rows> rows, long outputs) {
    if (rows.stream().noneMatch(r -> has(r.name() + ".bias"))) {
      return Optional.empty();
    }
    float[] all = new float[Math.toIntExact(outputs)];
    int at = 0;
    for (Rows r : rows) {
      int n = Math.toIntExact(r.outputs());
      if (has(r.name() + ".bias")) {
        System.arraycopy(floats(r.name() + ".bias", n), 0, all, at, n);
      }
      at += n;
    }
    return Optional.of(upload(() -> all, outputs));
  }

  /**
   * A projection that Hugging Face's GPT-2 stores as [inputs, outputs] (Conv1D) and GGUF as
   * [outputs, inputs].
   */
  public Linear conv1d(String name, long outputs, long inputs) {
    List<CheckpointTensor> weight = List.of(weights.conv1d(name + ".weight", outputs, inputs));
    return new Linear(List.of(part(inputs, weight, List.of(rows(name, outputs)))));
  }

  /** The table {@code name.weight} [any, width]. */
  public Embedding embedding(String name, long width, Use use) {
    CheckpointTensor any = weights.get(name + ".weight");
    CheckpointTensor t = weights.get(name + ".weight", any.shape().dim(0), width);
    return new Embedding(
        pack(new HostWeight(t.name(), List.of(t.data()), t.shape(), t.dtype(), false, use)));
  }

  /** {@code name.weight} and, where it is there, {@code name.bias}, both [width]. */
  public Norm norm(String name, long width, float eps, NormKind kind) {
    int n = Math.toIntExact(width);
    Optional<Tensor> bias =
        has(name + ".bias")
            ? Optional.of(upload(() -> floats(name + ".bias", n), width))
            : Optional.empty();
    Tensor weight = upload(() -> floats(name + ".weight", n), width);
    return new Norm(Optional.of(weight), bias, eps, kind);
  }

  /** A vector of n elements of any float type, as F32 on the host. */
  public float[] floats(String name, int n) {
    CheckpointTensor t = weights.get(name, n);
    try (Arena local = Arena.ofConfined()) {
      MemorySegment f32 = local.allocate(DType.F32.bytes(n), Float.BYTES);
      Quants.dequantize(t.dtype(), t.data(), 0, f32, 0, n);
      return f32.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  /** Puts values on the device, F32 of this shape; a plan only counts them. */
  public Tensor upload(Supplier<float[]> values, long... dims) {
    Device device = queue.device();
    Shape shape = Shape.of(dims);
    Tensor t =
        Tensor.of(
            device.allocate(DType.F32.bytes(shape.elements()), Usage.WEIGHTS, arena),
            0,
            shape,
            DType.F32);
    if (!(device instanceof PlanningDevice)) {
      try (Arena local = Arena.ofConfined()) {
        queue.upload(local.allocateFrom(ValueLayout.JAVA_FLOAT, values.get()), t);
      }
    }
    loaded.accept(t.byteSize());
    return t;
  }

  private Tensor pack(HostWeight w) {
    Tensor t = queue.device().pack(w, queue, arena);
    loaded.accept(w.dtype().bytes(w.shape().elements()));
    return t;
  }
}
