package dev.heed.generate;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.device.PlanningDevice;
import dev.heed.device.Usage;
import dev.heed.model.DecoderModel;
import dev.heed.model.EncoderDecoderModel;
import dev.heed.model.EncoderModel;
import dev.heed.nn.Batch;
import dev.heed.nn.CrossCache;
import dev.heed.nn.KvCache;
import dev.heed.op.Ops;
import dev.heed.op.Probe;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One pass of a model over one text while somebody looks on. It runs in memory of its own, which it
 * takes when asked and gives back, so that sessions of the same model neither slow down nor grow.
 */
public final class Observation {
  private static final int PAGE_SIZE = 64;
  private static final long UNBOUNDED = 1L << 50;

  /** All layers of a model over a text. */
  private interface Pass {
    void run(Ops ops, Workspace ws, Arena arena);
  }

  private final On on;
  private final Pass pass;

  /**
   * Where and how a model was loaded.
   *
   * @param compute the type it computes in
   * @param taken what it takes already
   */
  public record On(Device device, DType compute, MemoryPlan taken) {}

  private Observation(On on, Pass pass) {
    this.on = on;
    this.pass = pass;
  }

  /**
   * An encoder over a text.
   *
   * @param ids at least one
   */
  public static Observation of(EncoderModel model, On on, int[] ids) {
    return new Observation(on, (ops, ws, arena) -> encode(model, ops, ws, arena, ids));
  }

  /**
   * A decoder over a text.
   *
   * @param ids at least one
   */
  public static Observation of(DecoderModel model, On on, int[] ids) {
    return new Observation(
        on,
        (ops, ws, arena) -> {
          StepState state = new StepState(ops.queue(), ids.length, arena);
          DecoderModel.Dimensions d = model.dimensions();
          Tensor logits = ws.tensor(DType.F32, 1, d.vocabulary());
          Tensor last = state.constant(ids.length - 1);
          Batch batch = state.load(ids, 0, ids.length, 0);
          model.forward(
              ops,
              ws,
              batch,
              cache(ops.queue().device(), ws.compute(), d, state, ids.length, arena),
              Optional.of(last),
              logits);
        });
  }

  /**
   * An encoder-decoder over a source and a target.
   *
   * @param source at least one id
   * @param target at least one id, the decoder's start first
   */
  public static Observation of(EncoderDecoderModel model, On on, int[] source, int[] target) {
    return new Observation(
        on,
        (ops, ws, arena) -> {
          Tensor memory = encode(model.encoder(), ops, ws, arena, source);
          StepState state = new StepState(ops.queue(), target.length, arena);
          DecoderModel.Dimensions d = model.decoder();
          CrossCache cross =
              CrossCache.allocate(
                  ops.queue().device(),
                  d.layers(),
                  Shape.of(source.length, d.kvHeads(), d.headDim()),
                  ws.compute(),
                  state.constant(0),
                  state.constant(source.length),
                  source.length,
                  arena);
          model.project(ops, ws, memory, cross);
          Tensor logits = ws.tensor(DType.F32, 1, d.vocabulary());
          Tensor last = state.constant(target.length - 1);
          Batch batch = state.load(target, 0, target.length, 0);
          KvCache cache = cache(ops.queue().device(), ws.compute(), d, state, target.length, arena);
          model.decode(ops, ws, batch, cache, cross, Optional.of(last), logits);
        });
  }

  private static Tensor encode(EncoderModel model, Ops ops, Workspace ws, Arena arena, int[] ids) {
    StepState state = new StepState(ops.queue(), ids.length, arena);
    Tensor types = state.constant(new int[ids.length]);
    Batch batch = state.load(ids, 0, ids.length, 0);
    Tensor out = ws.tensor(DType.F32, ids.length, model.hidden());
    EncoderModel.Input input =
        new EncoderModel.Input(
            batch.ids(), batch.positions(), types, batch.seq(), state.starts(), state.lengths());
    model.forward(ops, ws, input, out);
    return out;
  }

  private static KvCache cache(
      Device device,
      DType compute,
      DecoderModel.Dimensions d,
      StepState state,
      int tokens,
      Arena arena) {
    int pages = Math.ceilDiv(tokens, PAGE_SIZE);
    return KvCache.allocate(
        device,
        d.layers(),
        Shape.of(pages, PAGE_SIZE, d.kvHeads(), d.headDim()),
        compute,
        state.constant(IntStream.range(0, pages).toArray()).reshape(1, pages),
        state.lengths(),
        arena);
  }

  /**
   * The weights of every attention: of each stage F32 [layers, heads, queries, keys].
   *
   * @param arena for the weights
   * @throws dev.heed.device.DeviceException.OutOfMemory with the plan, if they do not fit
   */
  public Map<Probe.Stage, Recorded> attention(Arena arena) {
    return watch(
        "attention maps",
        true,
        (queue, census, scratch) -> new WeightRecorder(queue, census, scratch, arena));
  }

  /**
   * The embeddings and the output of every layer: of each stage F32 [layers + 1, tokens, hidden].
   *
   * @param arena for the vectors
   * @throws dev.heed.device.DeviceException.OutOfMemory with the plan, if they do not fit
   */
  public Map<Probe.Stage, Recorded> hiddenStates(Arena arena) {
    return watch(
        "hidden states",
        false,
        (queue, census, scratch) -> new StateRecorder(queue, census, arena));
  }

  private interface Recorders {
    Recorder make(CommandQueue queue, Census census, Arena scratch);
  }

  private Map<Probe.Stage, Recorded> watch(String what, boolean weights, Recorders recorders) {
    Device device = on.device();
    MemoryPlan taken = on.taken();
    PlanningDevice planning = new PlanningDevice(device);
    Census census = new Census(planning, weights);
    long workspace = rehearse(planning, census);
    new MemoryPlan(
            taken.weights(),
            taken.state() + planning.bytes(Usage.STATE) + census.bytes(),
            taken.workspace() + workspace + planning.scratchBytes())
        .requireFits(what, device.info());
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(planning.scratchBytes(), arena)) {
      Workspace ws = new Workspace(device, workspace, arena, on.compute());
      Recorder recorder = recorders.make(queue, census, arena);
      pass.run(new Ops(queue, ws, recorder), ws, arena);
      return recorder.finish();
    }
  }

  private long rehearse(PlanningDevice planning, Census census) {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = planning.openQueue(0, arena)) {
      Workspace ws = new Workspace(planning, UNBOUNDED, arena, on.compute());
      pass.run(new Ops(queue, ws, census), ws, arena);
      return ws.peak();
    }
  }
}
