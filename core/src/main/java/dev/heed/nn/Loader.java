package dev.heed.nn;

import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Weights;
import dev.heed.device.CommandQueue;
import dev.heed.device.ComputeTypes;
import dev.heed.device.Device;
import dev.heed.device.HostWeight;
import dev.heed.device.PlanningDevice;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.NormKind;
import dev.heed.op.Random;
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
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * Brings named weights to the device: matrices packed as its kernels like them, vectors in F32.
 * Where a model computes in 16 bits, matrices of products that are plain numbers of another type
 * are rounded to it, as tensor cores multiply what is of one type; block types and tables stay.
 * Where it computes in Q8_0, devices may round such matrices themselves ({@link Use#ROUNDED}).
 */
public final class Loader {
  private final Weights weights;
  private final CommandQueue queue;
  private final Arena arena;
  private final DType compute;
  private final LongConsumer loaded;

  /**
   * A loader for a model that computes in F32.
   *
   * @param weights the scope names are looked up in
   * @param queue of the device
   * @param arena owns what is loaded; shared
   * @param loaded told the bytes of each weight when it is on the device
   */
  public Loader(Weights weights, CommandQueue queue, Arena arena, LongConsumer loaded) {
    this(weights, queue, arena, DType.F32, loaded);
  }

  /**
   * A loader.
   *
   * @param weights the scope names are looked up in
   * @param queue of the device
   * @param arena owns what is loaded; shared
   * @param compute the type the model computes in
   * @param loaded told the bytes of each weight when it is on the device
   */
  public Loader(
      Weights weights, CommandQueue queue, Arena arena, DType compute, LongConsumer loaded) {
    this.weights = weights;
    this.queue = queue;
    this.arena = arena;
    this.compute = compute;
    this.loaded = loaded;
  }

  /** A loader whose names begin with {@code scope} and a dot. */
  public Loader at(String scope) {
    return new Loader(weights.at(scope), queue, arena, compute, loaded);
  }

  /** A loader of another checkpoint's weights to the same place. */
  public Loader of(Weights others) {
    return new Loader(others, queue, arena, compute, loaded);
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
   * Where some rows of a tensor begin.
   *
   * @param tensor its name
   * @param from the first row
   * @param of rows of the whole tensor
   */
  public record Slice(String tensor, long from, long of) {}

  /**
   * One of the projections that make a Linear.
   *
   * @param weight rows of a tensor [of, inputs]
   * @param bias rows of a tensor [of], where there is one
   * @param outputs how many rows
   */
  public record Rows(Slice weight, Slice bias, long outputs) {}

  /** A module's projection of so many outputs: {@code name.weight} and {@code name.bias}. */
  public static Rows rows(String name, long outputs) {
    return new Rows(
        new Slice(name + ".weight", 0, outputs), new Slice(name + ".bias", 0, outputs), outputs);
  }

  /** Stacks projections of the same input; neighbours of one type become one weight. */
  public Linear linear(long inputs, Rows... projections) {
    List<Linear.Part> parts = new ArrayList<>();
    for (int from = 0, to; from < projections.length; from = to) {
      List<CheckpointTensor> group = new ArrayList<>();
      for (to = from; to < projections.length; to++) {
        Rows r = projections[to];
        CheckpointTensor t =
            weights
                .get(r.weight().tensor(), r.weight().of(), inputs)
                .rows(r.weight().from(), r.outputs());
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
                    "+",
                    rows.stream()
                        .map(r -> weights.fullName(r.weight().tensor()))
                        .distinct()
                        .toList()),
                group.stream().map(CheckpointTensor::data).toList(),
                Shape.of(outputs, inputs),
                first.dtype(),
                first.transposed(),
                compute.isBlock() ? Use.ROUNDED : Use.MATRIX)),
        bias(rows, outputs));
  }

  /**
   * The biases behind each other, zeros for a projection without one; none where no projection has
   * one.
   */
  private Optional<Tensor> bias(List<Rows> rows, long outputs) {
    if (rows.stream().noneMatch(r -> has(r.bias().tensor()))) {
      return Optional.empty();
    }
    float[] all = new float[Math.toIntExact(outputs)];
    int at = 0;
    for (Rows r : rows) {
      int n = Math.toIntExact(r.outputs());
      if (has(r.bias().tensor())) {
        float[] whole = floats(r.bias().tensor(), Math.toIntExact(r.bias().of()));
        System.arraycopy(whole, Math.toIntExact(r.bias().from()), all, at, n);
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
    return embedding(name, width, 0, use);
  }

  /**
   * The table {@code name.weight} [any, width] without its first rows, as BART's learned positions
   * want it.
   */
  public Embedding embedding(String name, long width, long skip, Use use) {
    CheckpointTensor any = weights.get(name + ".weight");
    long rows = any.shape().dim(0);
    CheckpointTensor t = weights.get(name + ".weight", rows, width).rows(skip, rows - skip);
    return new Embedding(
        pack(new HostWeight(t.name(), List.of(t.data()), t.shape(), t.dtype(), false, use)));
  }

  /** {@code name.weight} and, where it is there, {@code name.bias}, both [width]. */
  public Norm norm(String name, long width, float eps, NormKind kind) {
    return new Norm(
        Optional.of(vector(name + ".weight", width)),
        has(name + ".bias") ? Optional.of(vector(name + ".bias", width)) : Optional.empty(),
        eps,
        kind);
  }

  /** The tensor {@code name} of this shape, as F32 on the device, row behind row. */
  public Tensor tensor(String name, long... dims) {
    return upload(() -> floats(name, dims), dims);
  }

  /** The vector {@code name} [n], as F32 on the device. */
  public Tensor vector(String name, long n) {
    return tensor(name, n);
  }

  /** A tensor of this shape and any type, as F32 on the host. */
  public float[] floats(String name, long... dims) {
    CheckpointTensor t = weights.get(name, dims);
    long n = t.shape().elements();
    try (Arena local = Arena.ofConfined()) {
      MemorySegment f32 = local.allocate(DType.F32.bytes(n), Float.BYTES);
      Quants.dequantize(t.dtype(), t.data(), 0, f32, 0, n);
      return f32.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  /** Puts values on the device, F32 of this shape; a plan only counts them. */
  public Tensor upload(Supplier<float[]> values, long... dims) {
    return place(
        DType.F32,
        Shape.of(dims),
        local -> local.allocateFrom(ValueLayout.JAVA_FLOAT, values.get()));
  }

  /**
   * A generator of random numbers that drops elements with a probability.
   *
   * @param probability in [0, 1)
   * @param seed the same seed gives the same numbers
   */
  public Random random(float probability, long seed) {
    if (!(probability >= 0 && probability < 1)) {
      throw new IllegalArgumentException("dropout %s: want 0 to below 1".formatted(probability));
    }
    int[] state = {(int) seed, (int) (seed >>> 32), 0};
    return new Random(
        probability,
        place(DType.I32, Shape.of(3), local -> local.allocateFrom(ValueLayout.JAVA_INT, state)));
  }

  private Tensor place(DType dtype, Shape shape, Function<Arena, MemorySegment> host) {
    Device device = queue.device();
    Tensor t = Tensor.allocate(device, Usage.WEIGHTS, arena, dtype, shape);
    if (!(device instanceof PlanningDevice)) {
      try (Arena local = Arena.ofConfined()) {
        queue.upload(host.apply(local), t);
      }
    }
    loaded.accept(t.byteSize());
    return t;
  }

  private Tensor pack(HostWeight w) {
    DType type = ComputeTypes.activations(compute);
    boolean converts =
        type != DType.F32 && w.use() != Use.TABLE && w.dtype() != type && !w.dtype().isBlock();
    Tensor t = converts ? packConverted(w) : queue.device().pack(w, queue, arena);
    loaded.accept(w.dtype().bytes(w.shape().elements()));
    return t;
  }

  private Tensor packConverted(HostWeight w) {
    boolean planning = queue.device() instanceof PlanningDevice;
    try (Arena local = Arena.ofShared()) {
      List<MemorySegment> parts = new ArrayList<>();
      for (MemorySegment part : w.parts()) {
        long n = part.byteSize() / w.dtype().bytes(1);
        // A plan wants the size alone, and the compute type is never the larger one.
        parts.add(
            planning
                ? part.asSlice(0, compute.bytes(n))
                : Quants.convert(w.dtype(), part, compute, n, local));
      }
      Tensor t =
          queue
              .device()
              .pack(
                  new HostWeight(w.name(), parts, w.shape(), compute, w.transposed(), w.use()),
                  queue,
                  arena);
      queue.synchronize();
      return t;
    }
  }
}
