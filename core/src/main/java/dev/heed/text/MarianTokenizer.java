package dev.heed.text;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The tokenizer of Marian's models, as OPUS-MT has it: {@code source.spm} and {@code target.spm}
 * divide texts into pieces; {@code vocab.json} has the pieces' ids, for both sides unless there is
 * a {@code target_vocab.json}. A source may begin with the code of the language that is wanted,
 * {@code >>fra<<}. As in Hugging Face's {@code MarianTokenizer} without sacremoses, which would
 * replace some punctuation first.
 */
public final class MarianTokenizer implements Seq2SeqTokenizer {
  private static final String SOURCE = "source.spm";
  private static final String EOS = "</s>";
  private static final String UNK = "<unk>";

  /**
   * One side.
   *
   * @param vocabulary the file, for messages
   * @param pieces divides texts; its ids mean nothing here
   * @param ids of the pieces
   * @param unk id of a piece that has none
   */
  private record Side(Path vocabulary, Tokenizer pieces, Map<String, Integer> ids, int unk) {
    static Side of(Path spm, Path vocabulary) {
      Map<String, Integer> ids = new HashMap<>();
      String[] tokens = TokenizerFiles.tokens(vocabulary);
      for (int id = 0; id < tokens.length; id++) {
        ids.put(tokens[id], id);
      }
      for (String needed : List.of(UNK, EOS)) {
        if (!ids.containsKey(needed)) {
          throw new TokenizerException("%s: no token '%s'".formatted(vocabulary, needed));
        }
      }
      Map<String, Boolean> nothing = Map.of("add_bos", false, "add_eos", false);
      GgufVocabulary pieces =
          SentencePieceFile.read(spm.toString(), TokenizerFiles.bytes(spm), List.of(), nothing);
      return new Side(vocabulary, Tokenizer.fromGguf(pieces), ids, ids.get(UNK));
    }

    void requireFits(String side, int rows) {
      if (ids.size() > rows) {
        throw new TokenizerException(
            "%s has %d tokens, the model's %s embedding %d rows: they are of different models"
                .formatted(vocabulary, ids.size(), side, rows));
      }
    }

    /** The piece with this id, a space for its mark of one; nothing where there is none. */
    String token(int id) {
      return ids.entrySet().stream()
          .filter(e -> e.getValue() == id)
          .map(e -> e.getKey().replace('\u2581', ' '))
          .findFirst()
          .orElse("");
    }

    /** Characters that no piece has may still have an id, by way of the other language. */
    IntStream encode(String text) {
      Encoding found = pieces.encodeWithOffsets(text, false);
      int none = pieces.special().unk().orElse(-1);
      return IntStream.range(0, found.size())
          .map(
              i -> {
                int id = found.ids()[i];
                String piece =
                    id == none
                        ? text.substring(found.starts()[i], found.ends()[i])
                        : pieces.token(id);
                return ids.getOrDefault(piece, unk);
              });
    }
  }

  private final Side source;
  private final Side target;
  private final Tokenizer words; // the target's ids to text

  private MarianTokenizer(Side source, Side target, Tokenizer words) {
    this.source = source;
    this.target = target;
    this.words = words;
  }

  /** Whether a model's folder has such a tokenizer, and no {@code tokenizer.json}. */
  public static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(SOURCE)) && !Files.exists(folder.resolve("tokenizer.json"));
  }

  /**
   * Reads the files of a folder.
   *
   * @throws TokenizerException if one is missing or damaged
   */
  public static MarianTokenizer load(Path folder) {
    Path shared = folder.resolve("vocab.json");
    Path own = folder.resolve("target_vocab.json");
    Path vocabulary = Files.exists(own) ? own : shared;
    Deque<Tokenizer> opened = new ArrayDeque<>();
    try {
      Side source = Side.of(folder.resolve(SOURCE), shared);
      opened.push(source.pieces());
      Side target = Side.of(folder.resolve("target.spm"), vocabulary);
      opened.push(target.pieces());
      return new MarianTokenizer(source, target, words(vocabulary));
    } catch (RuntimeException | Error e) {
      opened.forEach(Tokenizer::close);
      throw e;
    }
  }

  /** A vocabulary that only gives text. */
  private static Tokenizer words(Path file) {
    String[] tokens = TokenizerFiles.tokens(file);
    int[] types = new int[tokens.length];
    Map<String, Integer> roles = new HashMap<>();
    for (int id = 0; id < tokens.length; id++) {
      String token = tokens[id];
      boolean code = token.startsWith(">>") && token.endsWith("<<");
      boolean control = code || token.equals(EOS) || token.equals("<pad>");
      types[id] =
          token.equals(UNK)
              ? GgufVocabulary.UNKNOWN
              : control ? GgufVocabulary.CONTROL : GgufVocabulary.NORMAL;
      if (token.equals(UNK)) {
        roles.put("unk", id);
      }
    }
    return Tokenizer.fromGguf(
        new GgufVocabulary(
            file.toString(),
            "t5",
            "default",
            List.of(tokens),
            new float[tokens.length],
            types,
            List.of(),
            roles,
            Set.of(),
            Map.of("add_eos", false),
            new byte[0],
            Optional.empty()));
  }

  @Override
  public int[] encodeSource(String text) {
    int end = text.startsWith(">>") ? text.indexOf("<<") + 2 : 0;
    String code = end < 2 ? "" : text.substring(0, end);
    IntStream language =
        code.isEmpty()
            ? IntStream.empty()
            : IntStream.of(source.ids().getOrDefault(code, source.unk()));
    return IntStream.concat(
            IntStream.concat(language, source.encode(text.substring(code.length()))),
            IntStream.of(source.ids().get(EOS)))
        .toArray();
  }

  @Override
  public int[] encodeTarget(String text) {
    return target.encode(text).toArray();
  }

  @Override
  public String decodeTarget(int[] ids) {
    return words.decode(
        IntStream.of(ids).filter(id -> id < words.vocabularySize()).toArray(), true);
  }

  @Override
  public TextStream targetStream() {
    return words.streamDecoder(true);
  }

  @Override
  public String sourceToken(int id) {
    return source.token(id);
  }

  @Override
  public String targetToken(int id) {
    return target.token(id);
  }

  @Override
  public OptionalInt targetId(String token) {
    return words.id(token);
  }

  /** Embeddings are often padded to more rows. */
  @Override
  public void requireFits(int sources, int targets) {
    source.requireFits("source", sources);
    target.requireFits("target", targets);
  }

  /** Frees native memory; a second call does nothing. */
  @Override
  public void close() {
    source.pieces().close();
    target.pieces().close();
    words.close();
  }
}
