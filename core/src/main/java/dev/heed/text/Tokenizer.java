package dev.heed.text;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Text to token ids and back, by Hugging Face's tokenizers. Never truncates and never pads. May be
 * used by many threads at once.
 *
 * <p>Text is any string; a surrogate without partner counts as U+FFFD.
 */
public final class Tokenizer implements AutoCloseable {
  private static final int PARALLEL = 8; // texts from which a batch is worth several threads

  private final NativeTokenizer tokenizer;
  private final Vocabulary vocabulary;
  private final SpecialTokens special;
  private final OptionalInt truncation;
  private final Optional<String> chatTemplate;

  private Tokenizer(TokenizerSpec spec) {
    tokenizer = spec.open();
    vocabulary = spec.vocabulary();
    special = spec.special();
    truncation = spec.truncation();
    chatTemplate = spec.chatTemplate();
  }

  /**
   * The tokenizer of a model.
   *
   * @param path a {@code tokenizer.json}, {@code vocab.txt}, {@code .gguf} or SentencePiece ({@code
   *     .model}, {@code .spm}) file, a model's folder with one of these but GGUF, or its weights
   *     ({@code .safetensors}, {@code .safetensors.index.json}, {@code .onnx}) in that folder
   * @throws TokenizerException if there is none or it cannot be used: one line that names the file
   */
  public static Tokenizer load(Path path) {
    return new Tokenizer(TokenizerFiles.read(path));
  }

  /** What templates call the tokens with a role. */
  private Map<String, String> names() {
    Map<String, String> names = new HashMap<>();
    special.bos().ifPresent(id -> names.put("bos_token", token(id)));
    special.eos().stream().findFirst().ifPresent(id -> names.put("eos_token", token(id)));
    special.pad().ifPresent(id -> names.put("pad_token", token(id)));
    special.unk().ifPresent(id -> names.put("unk_token", token(id)));
    return names;
  }

  /**
   * A tokenizer from the text of a {@code tokenizer.json}.
   *
   * @param name what messages call it
   */
  public static Tokenizer fromJson(String name, String json) {
    return new Tokenizer(TokenizerFiles.parse(name, json));
  }

  /**
   * A tokenizer from the vocabulary of a GGUF file.
   *
   * @throws TokenizerException if its model or pre-tokenizer is unknown, or parts are missing
   */
  public static Tokenizer fromGguf(GgufVocabulary vocabulary) {
    return new Tokenizer(GgufJson.spec(vocabulary));
  }

  /**
   * Ids of {@code text}, with the tokens that the model expects around it if {@code addSpecial}.
   */
  public int[] encode(String text, boolean addSpecial) {
    return tokenizer.encode(text, addSpecial);
  }

  /** {@link #encode(String, boolean)} of each text, on several threads. */
  public int[][] encodeBatch(List<String> texts, boolean addSpecial) {
    IntStream each = IntStream.range(0, texts.size());
    return (texts.size() < PARALLEL ? each : each.parallel())
        .mapToObj(i -> tokenizer.encode(texts.get(i), addSpecial))
        .toArray(int[][]::new);
  }

  /** Ids of {@code text} and where in it each token stands. */
  public Encoding encodeWithOffsets(String text, boolean addSpecial) {
    return tokenizer.encode(text, null, addSpecial);
  }

  /** Two texts as one sequence, as the model joins them (question and passage, for instance). */
  public Encoding encodePair(String first, String second, boolean addSpecial) {
    return tokenizer.encode(first, second, addSpecial);
  }

  /**
   * Text of {@code ids}. Bytes that are no UTF-8 become U+FFFD.
   *
   * @param skipSpecial leaves out special tokens
   * @throws IllegalArgumentException if an id is not in the vocabulary
   */
  public String decode(int[] ids, boolean skipSpecial) {
    for (int id : ids) {
      if (id < 0 || id >= vocabulary.size()) {
        vocabulary.token(id);
      }
    }
    return tokenizer.decode(ids, skipSpecial);
  }

  /** A decoder for ids that come one by one. */
  public StreamDecoder streamDecoder(boolean skipSpecial) {
    return new StreamDecoder(this, skipSpecial);
  }

  /**
   * A token as the vocabulary spells it ({@code Ġthe}, {@code ▁the}, {@code ##ing}); empty for an
   * id between others that no token has.
   *
   * @throws IllegalArgumentException if the id is not in the vocabulary
   */
  public String token(int id) {
    return vocabulary.token(id);
  }

  /**
   * The text that a token is alone; the vocabulary's spelling for a part of a character and for
   * what decodes to nothing; empty for an id past the vocabulary, as padded embeddings have them.
   */
  public String text(int id) {
    if (id >= vocabulary.size()) {
      return "";
    }
    String alone = decode(new int[] {id}, false);
    return alone.isEmpty() || alone.indexOf('\uFFFD') >= 0 ? token(id) : alone;
  }

  /** The id of a token as the vocabulary spells it. */
  public OptionalInt id(String token) {
    return vocabulary.id(token);
  }

  /** One more than the highest id; a model's embedding may have more rows. */
  public int vocabularySize() {
    return vocabulary.size();
  }

  /** The ids that have a role. */
  public SpecialTokens special() {
    return special;
  }

  /** True for tokens that are no text: decoding may skip them. */
  public boolean isSpecial(int id) {
    return id >= 0 && vocabulary.isSpecial(id);
  }

  boolean isByteFallback(int id) {
    return vocabulary.isByteFallback(id);
  }

  /**
   * The longest text, in tokens, that {@code tokenizer.json} wants cut off; it never is here, that
   * is the caller's choice.
   */
  public OptionalInt truncation() {
    return truncation;
  }

  /**
   * The model's chat template, where it has one.
   *
   * @throws TokenizerException if it says something that Heed does not understand
   */
  public Optional<ChatTemplate> chatTemplate() {
    return chatTemplate.map(text -> new ChatTemplate(text, names()));
  }

  /** Frees native memory; a second call does nothing. */
  @Override
  public void close() {
    tokenizer.close();
  }
}
