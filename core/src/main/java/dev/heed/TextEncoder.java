package dev.heed;

import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.generate.EncoderSession;
import dev.heed.generate.Observation;
import dev.heed.model.SentenceConfig;
import dev.heed.model.SentenceModel;
import dev.heed.op.PoolKind;
import dev.heed.op.Probe;
import dev.heed.tensor.DType;
import dev.heed.text.Tokenizer;
import dev.heed.text.TokenizerException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * A model that turns texts into vectors whose angles tell how alike they are: MiniLM, BGE, E5 and
 * other BERTs, Sentence-T5 and GTR, from a Hugging Face folder, a GGUF file or an ONNX file.
 *
 * <p>Any thread may call; calls queue. Closing waits for the running call, and twice is harmless.
 */
public final class TextEncoder implements AutoCloseable {
  private final ReentrantLock lock = new ReentrantLock(true);
  private final LoadedModel<SentenceModel> loaded;
  private final SentenceConfig sentence;
  private final EncoderSession session;
  private boolean closed;

  private TextEncoder(LoadedModel<SentenceModel> loaded, SentenceConfig sentence, Device device) {
    this.loaded = loaded;
    this.sentence = sentence;
    this.session = EncoderSession.open(loaded.model(), device, loaded.compute());
  }

  /** Loads a model with {@link LoadOptions#defaults}. */
  public static TextEncoder load(Path path, Device device) {
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
   * @throws dev.heed.text.TokenizerException if the tokenizer is missing or damaged
   * @throws dev.heed.device.DeviceException if it does not fit the device's memory, or the device
   *     does not compute in the type asked for
   */
  public static TextEncoder load(Path path, Device device, LoadOptions options) {
    LoadedModel<SentenceModel> loaded =
        LoadedModel.load(
            path,
            device,
            options,
            (config, loader) -> SentenceModel.load(path, config, loader),
            EncoderSession::plan);
    try {
      int positions = loaded.model().encoder().positions();
      SentenceConfig sentence =
          SentenceConfig.of(path, loaded.config(), positions, loaded.tokenizer().truncation());
      return new TextEncoder(loaded, sentence, device);
    } catch (RuntimeException | Error e) {
      loaded.close();
      throw e;
    }
  }

  /** The vector of a text. */
  public float[] embed(String text) {
    return embed(List.of(text))[0];
  }

  /** The vectors of texts, in their order. */
  public float[][] embed(List<String> texts) {
    return embed(texts, EmbedOptions.defaults(), done -> {});
  }

  /**
   * The vectors of texts, in their order. Texts of like length are computed together.
   *
   * @param progress told after each batch how many texts are done
   * @throws IllegalArgumentException if a text is too long and may not be cut
   */
  public float[][] embed(List<String> texts, EmbedOptions options, IntConsumer progress) {
    List<int[]> ids = tokenize(texts, options);
    PoolKind pooling = options.pooling().orElse(sentence.pooling());
    boolean normalize = options.normalize().orElse(sentence.normalize());
    int[] order =
        IntStream.range(0, ids.size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> ids.get(i).length))
            .mapToInt(i -> i)
            .toArray();
    float[][] vectors = new float[texts.size()][];
    lock.lock();
    try {
      requireOpen();
      for (int from = 0; from < order.length; ) {
        int to = batchEnd(ids, order, from);
        int[] batch = Arrays.copyOfRange(order, from, to);
        MemorySegment out =
            session.embed(Arrays.stream(batch).mapToObj(ids::get).toList(), pooling, normalize);
        for (int i = 0; i < batch.length; i++) {
          vectors[batch[i]] =
              out.asSlice((long) i * dimension() * Float.BYTES, (long) dimension() * Float.BYTES)
                  .toArray(ValueLayout.JAVA_FLOAT);
        }
        from = to;
        progress.accept(to);
      }
    } finally {
      lock.unlock();
    }
    return vectors;
  }

  /**
   * What the heads of each layer attend to in a text, its special tokens included. The text is
   * never cut, and may be as long as the model has positions.
   *
   * @throws IllegalArgumentException if it is longer
   * @throws dev.heed.device.DeviceException.OutOfMemory if the map does not fit beside the model
   */
  public AttentionMap attention(String text) {
    return observe(text, AttentionMap::of);
  }

  /**
   * The vectors of a text's tokens before the first and after each layer, its special tokens
   * included. The text is never cut, and may be as long as the model has positions.
   *
   * @throws IllegalArgumentException if it is longer
   * @throws dev.heed.device.DeviceException.OutOfMemory if they do not fit beside the model
   */
  public HiddenStates hiddenStates(String text) {
    return observe(text, HiddenStates::of);
  }

  private <T> T observe(String text, LoadedModel.Look<T> look) {
    int[] ids = known(tokenizer().encode(text, true));
    int positions = loaded.model().encoder().positions();
    if (ids.length == 0 || ids.length > positions) {
      throw new IllegalArgumentException(
          ids.length == 0
              ? "the text has no tokens: give some text"
              : "the text has %d tokens, the model has positions for %d: shorten it"
                  .formatted(ids.length, positions));
    }
    lock.lock();
    try {
      requireOpen();
      return look.of(
          Observation.of(loaded.model().encoder(), loaded.on(), ids),
          Probe.Stage.ENCODER,
          loaded.tokens(ids));
    } finally {
      lock.unlock();
    }
  }

  private int batchEnd(List<int[]> ids, int[] order, int from) {
    long tokens = 0;
    int to = from;
    while (to < order.length) {
      tokens += ids.get(order[to]).length;
      if (to > from && tokens > session.capacity()) {
        break;
      }
      to++;
    }
    return to;
  }

  private List<int[]> tokenize(List<String> texts, EmbedOptions options) {
    List<String> prefixed =
        options.prefix().isEmpty() ? texts : texts.stream().map(t -> options.prefix() + t).toList();
    List<int[]> all = new ArrayList<>();
    for (int[] ids : tokenizer().encodeBatch(prefixed, true)) {
      if (ids.length > maxTokens() && !options.truncate()) {
        throw new IllegalArgumentException(
            "text %d has %d tokens, the model takes %d: shorten it or let it be cut"
                .formatted(all.size() + 1, ids.length, maxTokens()));
      }
      all.add(cut(known(ids)));
    }
    return all;
  }

  /** The same ids, none of which is past the embedding. */
  private int[] known(int[] ids) {
    int rows = loaded.model().encoder().vocabulary();
    for (int id : ids) {
      if (id >= rows) {
        throw new TokenizerException(
            "token %d '%s': the model's embedding has %d rows; its tokenizer is of another model"
                .formatted(id, tokenizer().token(id), rows));
      }
    }
    return ids;
  }

  /** The first tokens of a text that is too long, and its last one, the separator. */
  private int[] cut(int[] ids) {
    if (ids.length <= maxTokens()) {
      return ids;
    }
    int[] head = Arrays.copyOf(ids, maxTokens());
    head[head.length - 1] = ids[ids.length - 1];
    return head;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the model is closed");
    }
  }

  /** The model's tokenizer. */
  public Tokenizer tokenizer() {
    return loaded.tokenizer();
  }

  /** Elements of a vector. */
  public int dimension() {
    return loaded.model().dimension();
  }

  /** The longest text, in tokens, special ones included. */
  public int maxTokens() {
    return sentence.maxTokens();
  }

  /** Bytes of weights and workspace on the device. */
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
      }
    } finally {
      lock.unlock();
    }
  }
}
