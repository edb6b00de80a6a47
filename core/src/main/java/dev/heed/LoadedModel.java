package dev.heed;

import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.Gguf;
import dev.heed.checkpoint.Weights;
import dev.heed.device.CommandQueue;
import dev.heed.device.ComputeTypes;
import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.device.PlanningDevice;
import dev.heed.generate.Observation;
import dev.heed.model.Config;
import dev.heed.model.ModelFiles;
import dev.heed.nn.Loader;
import dev.heed.op.Probe;
import dev.heed.tensor.DType;
import dev.heed.text.Tokenizer;
import dev.heed.text.TokenizerException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongConsumer;

/** A model on a device, with its tokenizer, which is read at the same time as the weights. */
final class LoadedModel<M> implements AutoCloseable {
  /** Makes a model from a configuration and weights. */
  interface Factory<M> {
    M make(Config config, Loader loader);
  }

  /** What a model will take when it is used. */
  interface Planner<M> {
    MemoryPlan plan(M model, PlanningDevice planning, DType compute);
  }

  /** Makes something of what can be observed of a stage of the model over tokens. */
  interface Look<T> {
    T of(Observation observation, Probe.Stage stage, List<Token> tokens);
  }

  private final Arena arena;
  private final M model;
  private final Config config;
  private final Observation.On on;
  private final CompletableFuture<Tokenizer> tokenizer;
  private final double loadSeconds;

  private LoadedModel(
      Arena arena,
      M model,
      Config config,
      Observation.On on,
      CompletableFuture<Tokenizer> tokenizer,
      double loadSeconds) {
    this.arena = arena;
    this.model = model;
    this.config = config;
    this.on = on;
    this.tokenizer = tokenizer;
    this.loadSeconds = loadSeconds;
  }

  /** Plans the memory on a stand-in for the device, makes sure that it fits, and loads. */
  static <M> LoadedModel<M> load(
      Path path, Device device, LoadOptions options, Factory<M> factory, Planner<M> planner) {
    long start = System.nanoTime();
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      Config config = ModelFiles.config(path, checkpoint);
      Weights weights = Weights.of(checkpoint);
      DType compute =
          ComputeTypes.choose(device.info(), options.compute(), ModelFiles.overflowing(config));
      MemoryPlan plan = plan(config, weights, device, compute, factory, planner);
      plan.requireFits(path.toString(), device.info());
      Path vocabulary = checkpoint instanceof Gguf ? checkpoint.source() : path;
      var tokenizer = CompletableFuture.supplyAsync(() -> Tokenizer.load(vocabulary));
      Arena arena = Arena.ofShared();
      try (CommandQueue queue = device.openQueue(plan.workspace(), arena)) {
        long total = checkpoint.bytes();
        long[] sum = {0};
        LongConsumer progress = n -> options.progress().loaded(Math.min(sum[0] += n, total), total);
        Loader loader = new Loader(weights, queue, arena, compute, progress);
        M model = factory.make(config, loader);
        queue.synchronize();
        options.progress().loaded(total, total);
        double seconds = (System.nanoTime() - start) / 1e9;
        Observation.On on = new Observation.On(device, compute, plan);
        return new LoadedModel<>(arena, model, config, on, tokenizer, seconds);
      } catch (RuntimeException | Error e) {
        close(tokenizer);
        arena.close();
        throw e;
      }
    }
  }

  private static <M> MemoryPlan plan(
      Config config,
      Weights weights,
      Device device,
      DType compute,
      Factory<M> factory,
      Planner<M> planner) {
    PlanningDevice planning = new PlanningDevice(device);
    try (Arena arena = Arena.ofShared()) {
      Loader loader = new Loader(weights, planning.openQueue(0, arena), arena, compute, n -> {});
      return planner.plan(factory.make(config, loader), planning, compute);
    }
  }

  M model() {
    return model;
  }

  Config config() {
    return config;
  }

  MemoryPlan memory() {
    return on.taken();
  }

  /** The type it computes in. */
  DType compute() {
    return on.compute();
  }

  /** Where and how it was loaded. */
  Observation.On on() {
    return on;
  }

  double loadSeconds() {
    return loadSeconds;
  }

  /** Whether the model came with a usable tokenizer. */
  boolean hasTokenizer() {
    return arrived(tokenizer);
  }

  private static boolean arrived(CompletableFuture<Tokenizer> tokenizer) {
    try {
      tokenizer.join();
      return true;
    } catch (CompletionException e) {
      return false;
    }
  }

  private static void close(CompletableFuture<Tokenizer> tokenizer) {
    if (arrived(tokenizer)) {
      tokenizer.join().close();
    }
  }

  Tokenizer tokenizer() {
    try {
      return tokenizer.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof TokenizerException t ? t : e;
    }
  }

  /** Ids with the text that each is alone; nothing where the model came without a tokenizer. */
  List<Token> tokens(int[] ids) {
    return Arrays.stream(ids)
        .mapToObj(id -> new Token(id, hasTokenizer() ? tokenizer().text(id) : ""))
        .toList();
  }

  /** The ids that end a text: the configuration's and the tokenizer's. */
  Set<Integer> endIds() {
    Set<Integer> ids = new HashSet<>(config.ids("eos_token_id"));
    if (hasTokenizer()) {
      ids.addAll(tokenizer().special().eos());
    }
    return ids;
  }

  @Override
  public void close() {
    close(tokenizer);
    arena.close();
  }
}
