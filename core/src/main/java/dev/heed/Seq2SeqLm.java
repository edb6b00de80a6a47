package dev.heed;

import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.generate.BeamOptions;
import dev.heed.generate.Convention;
import dev.heed.generate.GreedySearch;
import dev.heed.generate.Hypothesis;
import dev.heed.generate.Observation;
import dev.heed.generate.Seq2SeqSession;
import dev.heed.model.EncoderDecoderModel;
import dev.heed.model.GenerationConfig;
import dev.heed.model.ModelFiles;
import dev.heed.tensor.DType;
import dev.heed.text.Seq2SeqTokenizer;
import dev.heed.text.TextStream;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * A model that makes a target of a source: it translates, transliterates, pronounces or summarises.
 * The Transformer of the 2017 paper, BART, Marian, mBART and T5, from a folder with {@code
 * config.json}, weights and vocabularies.
 *
 * <p>Any thread may call; calls queue. Closing waits for the running call, and twice is harmless.
 */
public final class Seq2SeqLm implements AutoCloseable {
  private final ReentrantLock lock = new ReentrantLock(true);
  private final LoadedModel<EncoderDecoderModel> loaded;
  private final Path path;
  private final Seq2SeqTokenizer tokenizer;
  private final GenerationConfig generation;
  private final Seq2SeqSession session;
  private final Targets targets;
  private volatile boolean closed;

  private Seq2SeqLm(
      LoadedModel<EncoderDecoderModel> loaded,
      Path path,
      Seq2SeqTokenizer tokenizer,
      Device device,
      int rows) {
    this.loaded = loaded;
    this.path = path;
    this.tokenizer = tokenizer;
    this.generation = GenerationConfig.of(path, loaded.config(), token -> usable().targetId(token));
    Set<Integer> ends = new HashSet<>(generation.ends());
    ends.addAll(loaded.endIds());
    this.session = Seq2SeqSession.open(loaded.model(), device, loaded.compute(), rows);
    this.targets = new Targets(session, generation, ends);
  }

  /** Loads a model with {@link LoadOptions#defaults}. */
  public static Seq2SeqLm load(Path path, Device device) {
    return load(path, device, LoadOptions.defaults());
  }

  /**
   * Loads a model.
   *
   * @param path a folder with {@code config.json}, weights, and {@code tokenizer.json}, {@code
   *     spiece.model}, Marian's {@code source.spm} and {@code target.spm}, or vocabularies of
   *     characters
   * @throws dev.heed.checkpoint.CheckpointException if the file is missing, damaged, or lacks a
   *     tensor
   * @throws dev.heed.model.ConfigException if the architecture is not known or its configuration is
   *     incomplete
   * @throws dev.heed.text.TokenizerException if a vocabulary of characters is missing or damaged
   * @throws dev.heed.device.DeviceException if it does not fit the device's memory, or the device
   *     does not compute in the type asked for
   */
  public static Seq2SeqLm load(Path path, Device device, LoadOptions options) {
    LoadedModel<EncoderDecoderModel> loaded =
        LoadedModel.load(
            path,
            device,
            options,
            (config, loader) -> ModelFiles.encoderDecoder(config, loader, options.context()),
            (model, planning, compute) ->
                Seq2SeqSession.plan(model, planning, compute, rows(model, options, compute)));
    Seq2SeqTokenizer tokenizer = null;
    try {
      tokenizer = Seq2SeqTokenizers.open(loaded, path);
      int rows = rows(loaded.model(), options, loaded.compute());
      return new Seq2SeqLm(loaded, path, tokenizer, device, rows);
    } catch (RuntimeException | Error e) {
      if (tokenizer != null) {
        tokenizer.close();
      }
      loaded.close();
      throw e;
    }
  }

  private static int rows(EncoderDecoderModel model, LoadOptions options, DType compute) {
    return options.sequences() > 0 ? options.sequences() : Seq2SeqSession.rows(model, compute);
  }

  /** The target of a source, made as the model's authors want. */
  public Translation translate(String source) {
    return translate(List.of(source)).getFirst();
  }

  /** The targets of sources, in their order. */
  public List<Translation> translate(List<String> sources) {
    return translate(sources, defaults(), done -> {}, () -> false).stream()
        .map(List::getFirst)
        .toList();
  }

  /**
   * The n best targets of each source, in the order of the sources. Sources of like length are
   * computed together.
   *
   * @param progress told after each batch how many sources are done
   * @param cancelled asked before each token; true ends the targets as they stand, and there are
   *     none of the sources behind
   * @throws IllegalArgumentException if a source is empty or too long
   */
  public List<List<Translation>> translate(
      List<String> sources,
      TranslateOptions options,
      IntConsumer progress,
      BooleanSupplier cancelled) {
    int[] prefix = tokenizer().encodeTarget(options.prefix());
    List<int[]> ids = IntStream.range(0, sources.size()).mapToObj(i -> encode(sources, i)).toList();
    return search(ids, prefix, options, progress, cancelled).stream()
        .map(best -> best.stream().map(h -> translation(prefix, h)).toList())
        .toList();
  }

  /**
   * The target of a source, token by token.
   *
   * @param options with one beam
   * @param onToken told each token when it is chosen, before the next is computed; the prefix first
   * @param cancelled asked before each token; true ends the target as it stands
   */
  public Translation translate(
      String source, TranslateOptions options, Consumer<Token> onToken, BooleanSupplier cancelled) {
    if (options.search().beams() != 1) {
      throw new IllegalArgumentException(
          "%d beams: a target comes token by token with one beam only"
              .formatted(options.search().beams()));
    }
    int[] prefix = tokenizer().encodeTarget(options.prefix());
    int[] ids = encode(List.of(source), 0);
    TextStream text = tokenizer().targetStream();
    GreedySearch.Listener listener = (i, id) -> onToken.accept(new Token(id, text.feed(id)));
    lock.lock();
    try {
      requireOpen();
      Hypothesis found = targets.stream(ids, prefix, options, listener, cancelled);
      String rest = text.finish();
      if (!rest.isEmpty()) {
        onToken.accept(new Token(found.tokens()[found.tokens().length - 1], rest));
      }
      return translation(prefix, found);
    } finally {
      lock.unlock();
    }
  }

  /**
   * The n best targets of each source, as ids.
   *
   * @param sources ids with all tokens that the model expects around them
   * @param prefix ids that each target begins with; they take the place of the option's text and
   *     are not part of what is found
   */
  public List<List<Hypothesis>> search(
      List<int[]> sources,
      int[] prefix,
      TranslateOptions options,
      IntConsumer progress,
      BooleanSupplier cancelled) {
    sources.forEach(s -> requireIds("source", s, loaded.model().encoder().vocabulary()));
    requireIds("prefix", prefix, session.vocabulary());
    lock.lock();
    try {
      requireOpen();
      return targets.search(sources, prefix, options, progress, cancelled);
    } finally {
      lock.unlock();
    }
  }

  /**
   * How likely the model finds a target, its end token included.
   *
   * @return the target with the logarithm of each token's probability, given the source and the
   *     tokens before it
   * @throws IllegalArgumentException if the source is empty, or either is too long
   */
  public Translation score(String source, String target) {
    int[] ids = encode(List.of(source), 0);
    int[] tokens = tokenizer().encodeTarget(target);
    lock.lock();
    try {
      requireOpen();
      float[] logProbs = targets.logProbs(ids, tokens);
      double sum = 0;
      for (float logProb : logProbs) {
        sum += logProb;
      }
      float score = defaults().search().score(sum, 0, logProbs.length, true);
      return new Translation(target, tokens, score, logProbs, true);
    } finally {
      lock.unlock();
    }
  }

  /** {@link #attention(String, String)} with the target that the model makes of the source. */
  public Seq2SeqAttention attention(String source) {
    return attention(source, translate(source).text());
  }

  /**
   * What the heads of each layer attend to while the model reads a source and writes a target: row
   * t of the decoder's and the cross-attention's maps belongs to the token it reads, and leads to
   * the next.
   *
   * @throws IllegalArgumentException if the source is empty, or either is too long
   * @throws dev.heed.device.DeviceException.OutOfMemory if the maps do not fit beside the model
   */
  public Seq2SeqAttention attention(String source, String target) {
    return observe(source, target, Seq2SeqAttention::of);
  }

  /**
   * The vectors of a source's and a target's tokens before the first and after each layer.
   *
   * @throws IllegalArgumentException if the source is empty, or either is too long
   * @throws dev.heed.device.DeviceException.OutOfMemory if they do not fit beside the model
   */
  public Seq2SeqStates hiddenStates(String source, String target) {
    return observe(source, target, Seq2SeqStates::of);
  }

  private interface Look<T> {
    T of(Observation observation, List<Token> source, List<Token> target);
  }

  private <T> T observe(String source, String target, Look<T> look) {
    int[] from = encode(List.of(source), 0);
    int[] to = targets.decoderInput(tokenizer().encodeTarget(target));
    lock.lock();
    try {
      requireOpen();
      return look.of(
          Observation.of(loaded.model(), loaded.on(), from, to),
          tokens(from, tokenizer()::sourceToken),
          tokens(to, tokenizer()::targetToken));
    } finally {
      lock.unlock();
    }
  }

  private static List<Token> tokens(int[] ids, IntFunction<String> text) {
    return IntStream.of(ids).mapToObj(id -> new Token(id, text.apply(id))).toList();
  }

  private Translation translation(int[] prefix, Hypothesis h) {
    int[] tokens = Targets.join(prefix, h.tokens());
    return new Translation(
        tokenizer().decodeTarget(tokens), tokens, h.score(), h.logProbs(), h.ended());
  }

  private int[] encode(List<String> sources, int i) {
    int[] ids = sources.get(i).isBlank() ? new int[0] : tokenizer().encodeSource(sources.get(i));
    String name = sources.size() == 1 ? "the source" : "source " + (i + 1);
    if (ids.length == 0) {
      throw new IllegalArgumentException(name + " is empty: give some text");
    }
    if (ids.length > maxSourceTokens()) {
      throw new IllegalArgumentException(
          "%s has %d tokens, the model takes %d: shorten it"
              .formatted(name, ids.length, maxSourceTokens()));
    }
    return ids;
  }

  private static void requireIds(String what, int[] ids, int vocabulary) {
    for (int id : ids) {
      if (id < 0 || id >= vocabulary) {
        throw new IllegalArgumentException(
            "%s with token %d: the vocabulary has ids 0 to %d".formatted(what, id, vocabulary - 1));
      }
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the model is closed");
    }
  }

  /** What the model's authors want: beams, penalties and lengths of its configuration. */
  public TranslateOptions defaults() {
    return new TranslateOptions(
        new BeamOptions(
            generation.beams(),
            1,
            generation.lengthPenalty(),
            generation.earlyStopping(),
            Convention.HUGGING_FACE),
        Sampling.greedy().maxTokens(generation.maxTokens()),
        Math.min(generation.minTokens(), generation.maxTokens()),
        "",
        generation.noRepeat(),
        generation.suppressed());
  }

  /**
   * Text to ids and back.
   *
   * @throws dev.heed.text.TokenizerException if the model came without, or with another model's
   */
  public Seq2SeqTokenizer tokenizer() {
    requireOpen();
    Seq2SeqTokenizer own = usable();
    own.requireFits(loaded.model().encoder().vocabulary(), session.vocabulary());
    return own;
  }

  /** Where there is none, the line that says why. */
  private Seq2SeqTokenizer usable() {
    return tokenizer == null
        ? Seq2SeqTokenizer.shared(path.toString(), loaded.tokenizer())
        : tokenizer;
  }

  /** The longest source, in tokens, those around it included. */
  public int maxSourceTokens() {
    return session.maxSource();
  }

  /** How many targets are made at once: sources times beams. */
  public int sequences() {
    return session.maxRows();
  }

  /** Bytes of weights, caches and workspace on the device. */
  public MemoryPlan memory() {
    return loaded.memory();
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
        loaded.close();
        if (tokenizer != null) {
          tokenizer.close();
        }
      }
    } finally {
      lock.unlock();
    }
  }
}
