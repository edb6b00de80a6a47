package dev.heed;

import dev.heed.Generation.Stop;
import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.generate.BatchSession;
import dev.heed.generate.BeamOptions;
import dev.heed.generate.BeamSearch;
import dev.heed.generate.Hypothesis;
import dev.heed.generate.Observation;
import dev.heed.generate.Session;
import dev.heed.generate.StopStrings;
import dev.heed.generate.TokenRules;
import dev.heed.model.DecoderModel;
import dev.heed.model.ModelFiles;
import dev.heed.op.Probe;
import dev.heed.tensor.DType;
import dev.heed.text.StreamDecoder;
import dev.heed.text.Tokenizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A model that continues text: Llama, Mistral, Qwen2, Qwen3, GPT-2, from a Hugging Face folder or a
 * GGUF file.
 *
 * <p>Any thread may call; calls queue. Closing waits for the running call, and twice is harmless.
 */
public final class CausalLm implements AutoCloseable {
  private final ReentrantLock lock = new ReentrantLock(true);
  private final LoadedModel<DecoderModel> loaded;
  private final Session session;
  private final Device device;
  private BatchSession beams;
  private boolean closed;

  private CausalLm(LoadedModel<DecoderModel> loaded, Session session, Device device) {
    this.loaded = loaded;
    this.device = device;
    this.session = session;
  }

  /** Loads a model with {@link LoadOptions#defaults}. */
  public static CausalLm load(Path path, Device device) {
    return load(path, device, LoadOptions.defaults());
  }

  /**
   * Loads a model.
   *
   * @param path a folder with {@code config.json}, weights and {@code tokenizer.json}, or a {@code
   *     .gguf} file
   * @throws dev.heed.checkpoint.CheckpointException if the file is missing, damaged, or lacks a
   *     tensor
   * @throws dev.heed.model.ConfigException if the architecture is not known or its configuration is
   *     incomplete
   * @throws dev.heed.device.DeviceException if it does not fit the device's memory, or the device
   *     does not compute in the type asked for
   */
  public static CausalLm load(Path path, Device device, LoadOptions options) {
    LoadedModel<DecoderModel> loaded =
        LoadedModel.load(
            path,
            device,
            options,
            (config, loader) -> ModelFiles.decoder(config, loader, options.context()),
            Session::plan);
    try {
      return new CausalLm(loaded, Session.open(loaded.model(), device, loaded.compute()), device);
    } catch (RuntimeException | Error e) {
      loaded.close();
      throw e;
    }
  }

  /** Continues a text. */
  public Generation generate(String prompt, Sampling sampling, Consumer<Token> onToken) {
    return generate(encode(prompt), sampling, onToken, () -> false);
  }

  /**
   * The ids a prompt begins with: special tokens as the tokenizer adds them; an empty prompt is the
   * model's begin token alone.
   *
   * @throws IllegalArgumentException if the prompt is empty and the model has no begin token
   */
  public int[] encode(String prompt) {
    int[] ids = tokenizer().encode(prompt, true);
    if (ids.length > 0) {
      return ids;
    }
    return new int[] {
      tokenizer()
          .special()
          .bos()
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "the prompt is empty and this model has no begin token: give some text"))
    };
  }

  /**
   * Continues ids.
   *
   * @param prompt at least one id
   * @param onToken told each new token when it is chosen; the device may compute the next meanwhile
   * @param cancelled asked before each token and between chunks of the prompt; true ends the text
   * @throws IllegalArgumentException if the prompt is empty, does not fit the context, or has an id
   *     outside the vocabulary
   */
  public Generation generate(
      int[] prompt, Sampling sampling, Consumer<Token> onToken, BooleanSupplier cancelled) {
    requireIds(prompt);
    lock.lock();
    try {
      requireOpen();
      return new Run(prompt, sampling, onToken, cancelled).go();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Continues ids by beam search. The first search with so many beams allocates a cache for them,
   * which stays.
   *
   * @param prompt at least one id
   * @param cancelled asked before each token and between chunks of the prompt; true ends the
   *     hypotheses as they stand
   * @return the n best, best first
   * @throws IllegalArgumentException as {@link #generate}
   * @throws dev.heed.device.DeviceException if the device has not the memory for so many beams
   */
  public List<Hypothesis> search(
      int[] prompt, int maxTokens, BeamOptions options, BooleanSupplier cancelled) {
    requireIds(prompt);
    lock.lock();
    try {
      requireOpen();
      TokenRules rules = new TokenRules(loaded.endIds(), maxTokens);
      return new BeamSearch(beams(options.beams()), rules, options)
          .search(List.of(prompt), 0, cancelled)
          .getFirst();
    } finally {
      lock.unlock();
    }
  }

  private BatchSession beams(int rows) {
    if (beams == null || beams.maxRows() < rows) {
      closeBeams();
      beams = BatchSession.open(loaded.model(), device, loaded.compute(), rows);
    }
    return beams;
  }

  private void closeBeams() {
    if (beams != null) {
      beams.close();
      beams = null;
    }
  }

  /** One call of generate. */
  private final class Run {
    private final int[] prompt;
    private final Sampling sampling;
    private final Consumer<Token> onToken;
    private final BooleanSupplier cancelled;
    private final StopStrings stops;
    private final StreamDecoder decoder;
    private final StringBuilder text = new StringBuilder();
    private final int[] tokens;
    private int count;

    Run(int[] prompt, Sampling sampling, Consumer<Token> onToken, BooleanSupplier cancelled) {
      this.prompt = prompt;
      this.sampling = sampling;
      this.onToken = onToken;
      this.cancelled = cancelled;
      this.stops = new StopStrings(sampling.stopStrings());
      this.decoder = loaded.hasTokenizer() ? tokenizer().streamDecoder(true) : null;
      this.tokens = new int[Math.min(sampling.maxTokens(), contextLength() - prompt.length + 1)];
    }

    Generation go() {
      if (decoder != null) {
        decoder.startAfter(prompt);
      }
      long start = System.nanoTime();
      int id = session.first(prompt, sampling, cancelled);
      long first = System.nanoTime();
      Stop stop = id < 0 ? Stop.CANCELLED : null;
      while (stop == null) {
        stop = take(id);
        if (stop == null) {
          id = session.next(count + 1 < sampling.maxTokens());
        }
      }
      if (decoder != null && stop != Stop.STRING) {
        String rest = stops.accept(decoder.finish()) + stops.finish();
        text.append(rest);
        if (!rest.isEmpty()) {
          onToken.accept(new Token(id, rest));
        }
      }
      long end = System.nanoTime();
      return new Generation(
          text.toString(),
          Arrays.copyOf(tokens, count),
          prompt,
          stop,
          (first - start) / 1e9,
          (end - first) / 1e9);
    }

    /** Adds a token to the text; why the text ends here, or null if it goes on. */
    private Stop take(int id) {
      if (isEnd(id)) {
        return Stop.END;
      }
      tokens[count++] = id;
      String piece = decoder == null ? "" : stops.accept(decoder.feed(id));
      text.append(piece);
      onToken.accept(new Token(id, piece));
      if (stops.found()) {
        return Stop.STRING;
      }
      if (count == sampling.maxTokens()) {
        return Stop.LENGTH;
      }
      if (session.length() == session.context()) {
        return Stop.CONTEXT;
      }
      return cancelled.getAsBoolean() ? Stop.CANCELLED : null;
    }

    private boolean isEnd(int id) {
      return sampling.stopIds().contains(id) || loaded.endIds().contains(id);
    }
  }

  /**
   * The logits after each token of a text.
   *
   * @param out F32 [ids.length, vocabulary]
   */
  public void logits(int[] ids, MemorySegment out) {
    requireIds(ids);
    lock.lock();
    try {
      requireOpen();
      session.reset();
      session.allLogits(ids, out, () -> false);
    } finally {
      lock.unlock();
    }
  }

  /** The same, in memory of {@code arena}: F32 [ids.length, vocabulary]. */
  public MemorySegment logits(int[] ids, Arena arena) {
    requireIds(ids);
    MemorySegment out =
        arena.allocate((long) ids.length * vocabularySize() * Float.BYTES, Float.BYTES);
    logits(ids, out);
    return out;
  }

  /**
   * What the heads of each layer attend to in a text; a token's weights for those behind it are 0.
   *
   * @throws IllegalArgumentException if the text does not fit the context
   * @throws dev.heed.device.DeviceException.OutOfMemory if the map does not fit beside the model
   */
  public AttentionMap attention(String text) {
    return attention(encode(text));
  }

  /** {@link #attention(String)} of ids, also for a model without a tokenizer. */
  public AttentionMap attention(int[] ids) {
    return observe(ids, AttentionMap::of);
  }

  /**
   * The vectors of a text's tokens before the first and after each layer.
   *
   * @throws IllegalArgumentException if the text does not fit the context
   * @throws dev.heed.device.DeviceException.OutOfMemory if they do not fit beside the model
   */
  public HiddenStates hiddenStates(String text) {
    return hiddenStates(encode(text));
  }

  /** {@link #hiddenStates(String)} of ids, also for a model without a tokenizer. */
  public HiddenStates hiddenStates(int[] ids) {
    return observe(ids, HiddenStates::of);
  }

  private <T> T observe(int[] ids, LoadedModel.Look<T> look) {
    requireIds(ids);
    lock.lock();
    try {
      requireOpen();
      return look.of(
          Observation.of(loaded.model(), loaded.on(), ids),
          Probe.Stage.DECODER,
          loaded.tokens(ids));
    } finally {
      lock.unlock();
    }
  }

  private void requireIds(int[] ids) {
    if (ids.length == 0) {
      throw new IllegalArgumentException("no tokens: give at least one");
    }
    if (ids.length > contextLength()) {
      throw new IllegalArgumentException(
          "the prompt has %d tokens, the context %d: shorten it or load the model with a longer context"
              .formatted(ids.length, contextLength()));
    }
    for (int id : ids) {
      if (id < 0 || id >= vocabularySize()) {
        throw new IllegalArgumentException(
            "token %d: the vocabulary has ids 0 to %d".formatted(id, vocabularySize() - 1));
      }
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the model is closed");
    }
  }

  /**
   * The model's tokenizer.
   *
   * @throws dev.heed.text.TokenizerException if the model came without one
   */
  public Tokenizer tokenizer() {
    return loaded.tokenizer();
  }

  /** Positions a prompt and its continuation may fill. */
  public int contextLength() {
    return session.context();
  }

  /** Number of ids. */
  public int vocabularySize() {
    return loaded.model().dimensions().vocabulary();
  }

  /** Bytes of weights, cache and workspace on the device. */
  public MemoryPlan memory() {
    return loaded.memory();
  }

  /** Bytes of the packed weights on the device. */
  public long weightBytes() {
    return loaded.memory().weights();
  }

  /** The type it computes in: F32, or another that the device has. */
  public DType compute() {
    return loaded.compute();
  }

  /** How long loading took. */
  public double loadSeconds() {
    return loaded.loadSeconds();
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        session.close();
        closeBeams();
        loaded.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
