package dev.heed.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.Gguf;
import dev.heed.nn.Loader;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** From a model's files to its class: reads the configuration and picks the architecture. */
public final class ModelFiles {
  private static final int LEAST_CONTEXT = 512;
  private static final int MOST_CONTEXT = 4096;
  private static final int MOST_TARGET = 512;
  private static final ObjectMapper JSON = new ObjectMapper();

  private interface DecoderFactory {
    DecoderModel make(Config config, Loader loader, int context);
  }

  private interface EncoderFactory {
    EncoderModel make(Config config, Loader loader);
  }

  private static final Map<String, DecoderFactory> DECODERS =
      Map.of(
          "llama", Llama::new,
          "mistral", Llama::new,
          "qwen2", Llama::new,
          "qwen3", Llama::new,
          "gpt2", Gpt2::new);

  private interface EncoderDecoderFactory {
    EncoderDecoderModel make(Config config, Loader loader, int context);
  }

  private static final Map<String, EncoderFactory> ENCODERS =
      Map.of("bert", Bert::new, "t5", T5Encoder::new, "mt5", T5Encoder::new);

  private static final Map<String, EncoderDecoderFactory> ENCODER_DECODERS =
      Map.of(
          "transformer", Transformer::new,
          "bart", Bart::new,
          "marian", Bart::new,
          "mbart", Bart::new,
          "t5", T5::new,
          "mt5", T5::new);

  private static final Set<String> T5_KIN = Set.of("t5", "mt5");

  private ModelFiles() {}

  /**
   * The configuration of the model at {@code path}: GGUF's metadata, or {@code config.json} beside
   * the weights.
   *
   * @throws ConfigException if there is none or it cannot be read
   */
  public static Config config(Path path, Checkpoint checkpoint) {
    if (checkpoint instanceof Gguf gguf) {
      return GgufConfig.of(gguf);
    }
    return new Config(file(path, "config.json").toString(), json(file(path, "config.json")));
  }

  /** What a model is for. */
  public enum Kind {
    /** Vectors of texts. */
    ENCODER,
    /** Texts that go on. */
    DECODER,
    /** Targets of sources. */
    ENCODER_DECODER
  }

  /**
   * What kind of model lies at {@code path}; T5, which may be two, is an encoder-decoder.
   *
   * @throws ConfigException if the architecture is not known
   */
  public static Kind kind(Path path) {
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      Config config = config(path, checkpoint);
      String type = config.text("model_type");
      if (ENCODER_DECODERS.containsKey(type)) {
        return Kind.ENCODER_DECODER;
      }
      if (DECODERS.containsKey(type)) {
        return Kind.DECODER;
      }
      if (ENCODERS.containsKey(type)) {
        return Kind.ENCODER;
      }
      throw config.unknown(
          "architecture",
          type,
          Stream.of(DECODERS, ENCODERS, ENCODER_DECODERS)
              .flatMap(m -> m.keySet().stream())
              .distinct()
              .sorted()
              .collect(Collectors.joining(", ")));
    }
  }

  /**
   * The 16-bit types whose range a model's activations leave. In T5's feed-forward networks they
   * grow past F16's 65504; BF16, which it was trained in, has the range of F32.
   */
  public static Set<DType> overflowing(Config config) {
    return T5_KIN.contains(config.text("model_type")) ? Set.of(DType.F16) : Set.of();
  }

  /** A file of the model: in the folder, or beside the weights. */
  public static Path file(Path path, String name) {
    return Files.isDirectory(path) ? path.resolve(name) : path.resolveSibling(name);
  }

  /**
   * Reads a JSON file.
   *
   * @throws ConfigException if it is missing or not JSON
   */
  static JsonNode json(Path file) {
    try {
      return JSON.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw new ConfigException(file + ": not valid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new ConfigException(
          file
              + (Files.exists(file)
                  ? ": cannot be read: " + e
                  : ": no such file; a model folder needs one"),
          e);
    }
  }

  /**
   * Makes a decoder.
   *
   * @param context positions that will be used; 0 for the model's own, at most {@value
   *     #MOST_CONTEXT} and, where positions are rotary, at least {@value #LEAST_CONTEXT}
   * @throws ConfigException if the architecture is not a decoder Heed knows, or has learned
   *     positions and fewer than asked for
   */
  public static DecoderModel decoder(Config config, Loader loader, int context) {
    DecoderFactory factory = DECODERS.get(config.text("model_type"));
    if (factory == null) {
      throw unknown(config, "a text generator", DECODERS);
    }
    return factory.make(config, loader, context(config, context));
  }

  /** Rotary positions go on past the trained ones, learned ones do not. */
  private static int context(Config config, int asked) {
    boolean rotary = !config.text("model_type").equals("gpt2");
    int own = config.integer("max_position_embeddings");
    if (asked > own && !rotary) {
      throw new ConfigException(
          "context %d: the model has learned positions for %d".formatted(asked, own));
    }
    return asked > 0 ? asked : Math.clamp(own, rotary ? LEAST_CONTEXT : 1, MOST_CONTEXT);
  }

  /**
   * Makes an encoder.
   *
   * @throws ConfigException if the architecture is not an encoder Heed knows
   */
  public static EncoderModel encoder(Config config, Loader loader) {
    EncoderFactory factory = ENCODERS.get(config.text("model_type"));
    if (factory == null) {
      throw unknown(config, "a text encoder", ENCODERS);
    }
    return factory.make(config, loader);
  }

  /**
   * Makes an encoder-decoder.
   *
   * @param context positions of a target that will be used; 0 for the model's own, at most {@value
   *     #MOST_TARGET}
   * @throws ConfigException if the architecture is not an encoder-decoder Heed knows, or has
   *     learned positions and fewer than asked for
   */
  public static EncoderDecoderModel encoderDecoder(Config config, Loader loader, int context) {
    EncoderDecoderFactory factory = ENCODER_DECODERS.get(config.text("model_type"));
    if (factory == null) {
      throw unknown(config, "an encoder-decoder", ENCODER_DECODERS);
    }
    int own = config.integer("max_position_embeddings", MOST_TARGET);
    return factory.make(config, loader, context > 0 ? context : Math.min(own, MOST_TARGET));
  }

  private static ConfigException unknown(Config config, String wanted, Map<String, ?> known) {
    String type = config.text("model_type");
    String names = String.join(", ", known.keySet().stream().sorted().toList());
    boolean other =
        Stream.of(DECODERS, ENCODERS, ENCODER_DECODERS).anyMatch(m -> m.containsKey(type));
    return other
        ? config.wrong("architecture", type, "is not %s; those are %s".formatted(wanted, names))
        : config.unknown("architecture", type, names);
  }
}
