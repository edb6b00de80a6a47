package dev.heed.generate;

import dev.heed.Sampling;
import dev.heed.device.CommandQueue;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Chooses the next token of one text on the device, by {@code Op.Sample}: settings, history and
 * random state lie in its memory, so that a recorded step can end in a choice and only the id
 * travels. One thread at a time.
 */
final class DeviceSampler {
  private final CommandQueue queue;
  private final Tensor history;
  private final Op.Sample op;
  private final MemorySegment staging;
  private final MemorySegment hostId;
  private boolean remembers;
  private int length;

  /**
   * A sampler of texts of up to {@code context} tokens.
   *
   * @param id I32 [1], where the choice is put
   * @param logits F32 [1, vocabulary]
   */
  DeviceSampler(CommandQueue queue, Tensor id, Tensor logits, int context, Arena arena) {
    this.queue = queue;
    this.history = tensor(arena, DType.I32, Shape.of(context));
    this.op =
        new Op.Sample(
            id,
            logits,
            tensor(arena, DType.F32, Shape.of(1, 5)),
            history.reshape(1, context),
            tensor(arena, DType.I32, Shape.of(1)),
            tensor(arena, DType.I32, Shape.of(3)));
    this.staging = arena.allocate(ValueLayout.JAVA_INT, Math.max(context, 5));
    this.hostId = id.buffer().host().orElseGet(() -> arena.allocate(ValueLayout.JAVA_INT));
  }

  private Tensor tensor(Arena arena, DType dtype, Shape shape) {
    return Tensor.allocate(queue.device(), Usage.STATE, arena, dtype, shape);
  }

  /** Whether the device has the op; the host's {@link Sampler} chooses where it has not. */
  boolean supported() {
    return queue.device().supports(op);
  }

  /** What chooses: reads the logits, writes the id. */
  Op op() {
    return op;
  }

  /** Begins a text. */
  void begin(Sampling sampling, int[] prompt) {
    float[] settings = {
      sampling.temperature(),
      sampling.topK(),
      sampling.topP(),
      sampling.minP(),
      sampling.repetitionPenalty()
    };
    MemorySegment.copy(settings, 0, staging, ValueLayout.JAVA_FLOAT, 0, settings.length);
    upload(op.parameters());
    upload(op.state(), (int) sampling.seed(), (int) (sampling.seed() >>> 32), 0);
    remembers = sampling.repetitionPenalty() != 1;
    length = 0;
    upload(op.historyLengths(), 0);
    accept(prompt);
  }

  /** Adds tokens to the text. */
  void accept(int... ids) {
    if (remembers) {
      upload(history.rows(length, ids.length), ids);
      length += ids.length;
      upload(op.historyLengths(), length);
    }
  }

  private void upload(Tensor to, int... values) {
    MemorySegment.copy(values, 0, staging, ValueLayout.JAVA_INT, 0, values.length);
    upload(to);
  }

  private void upload(Tensor to) {
    queue.upload(staging.asSlice(0, to.byteSize()), to);
  }

  /**
   * Waits for the choice.
   *
   * @throws ArithmeticException if no logit is a finite number
   */
  int chosen() {
    if (op.ids().buffer().host().isEmpty()) {
      queue.download(op.ids(), hostId);
    }
    queue.synchronize();
    int id = hostId.get(ValueLayout.JAVA_INT, 0);
    Sampler.finite(id < 0 ? Float.NaN : 0);
    return id;
  }
}
