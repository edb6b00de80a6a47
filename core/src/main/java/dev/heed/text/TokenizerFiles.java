package dev.heed.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.heed.checkpoint.CheckpointException;
import dev.heed.checkpoint.Gguf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Finds and reads the files of a tokenizer. */
final class TokenizerFiles {
  /** Strings may be long (T5's normalisation table); tokens as field names are worth no cache. */
  private static final ObjectMapper MAPPER =
      new JsonMapper(
          JsonFactory.builder()
              .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
              .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
              .streamReadConstraints(
                  StreamReadConstraints.builder().maxStringLength(1 << 26).build())
              .build());

  /** Weights whose tokenizer lies beside them. */
  private static final List<String> WEIGHTS =
      List.of(".safetensors", ".safetensors.index.json", ".onnx");

  private TokenizerFiles() {}

  /** See {@link Tokenizer#load}. */
  static TokenizerSpec read(Path path) {
    if (!Files.exists(path)) {
      throw new TokenizerException(path + ": no such file or folder; name a model's folder");
    }
    if (Files.isDirectory(path)) {
      return folder(path);
    }
    String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
    return WEIGHTS.stream().anyMatch(name::endsWith)
        ? folder(path.toAbsolutePath().getParent())
        : single(path);
  }

  private static TokenizerSpec folder(Path folder) {
    if (Files.exists(folder.resolve("tokenizer.json"))) {
      return file(folder.resolve("tokenizer.json"), beside(folder));
    }
    if (Files.exists(folder.resolve("vocab.txt"))) {
      return vocabTxt(folder.resolve("vocab.txt"), beside(folder));
    }
    for (String name : SentencePieceFolder.FILES) {
      if (Files.exists(folder.resolve(name))) {
        return SentencePieceFolder.spec(folder.resolve(name));
      }
    }
    throw new TokenizerException(
        folder
            + ": no tokenizer.json, vocab.txt, spiece.model or tokenizer.model in this folder;"
            + " copy the model's tokenizer there");
  }

  private static TokenizerSpec single(Path file) {
    String name = String.valueOf(file.getFileName());
    if (name.endsWith(".gguf")) {
      return gguf(file);
    }
    if (name.endsWith(".model") || name.endsWith(".spm")) {
      return SentencePieceFolder.spec(file);
    }
    SpecialNames names = new SpecialNames();
    return name.endsWith(".txt") ? vocabTxt(file, names) : file(file, names);
  }

  private static TokenizerSpec gguf(Path file) {
    try (Gguf gguf = Gguf.openHeader(file)) {
      return GgufJson.spec(GgufVocabulary.of(file.toString(), gguf.metadata()));
    } catch (CheckpointException e) {
      throw new TokenizerException(e.getMessage(), e);
    }
  }

  private static TokenizerSpec file(Path file, SpecialNames names) {
    String text = text(file);
    return TokenizerSpec.of(file.toString(), json(file.toString(), text), text, names);
  }

  /** BERT's older form: a token a line; {@code tokenizer_config.json} says how to normalise. */
  private static TokenizerSpec vocabTxt(Path file, SpecialNames names) {
    List<String> tokens = text(file).lines().toList();
    JsonNode config = optional(file.resolveSibling("tokenizer_config.json"));
    String unk = config.path("unk_token").asText("[UNK]");
    if (!tokens.contains(unk)) {
      throw new TokenizerException(
          "%s: no line '%s', so this is no WordPiece vocabulary".formatted(file, unk));
    }
    JsonNode json =
        new WordPieceJson(tokens)
            .build(
                config.path("do_lower_case").asBoolean(true),
                config.path("tokenize_chinese_chars").asBoolean(true),
                tokens.indexOf("[CLS]"),
                tokens.indexOf("[SEP]"),
                unk,
                100);
    return TokenizerSpec.of(file.toString(), json, json.toString(), names);
  }

  /** A {@code tokenizer.json} from its text. */
  static TokenizerSpec parse(String name, String text) {
    return TokenizerSpec.of(name, json(name, text), text, new SpecialNames());
  }

  /** What the other files of a model's folder say. */
  static SpecialNames beside(Path folder) {
    SpecialNames names = new SpecialNames();
    for (String file : List.of("tokenizer_config.json", "special_tokens_map.json")) {
      names.addTokenNames(optional(folder.resolve(file)));
    }
    for (String file : List.of("generation_config.json", "config.json")) {
      names.addTokenIds(optional(folder.resolve(file)));
    }
    Path template = folder.resolve("chat_template.jinja");
    if (Files.exists(template)) {
      names.setChatTemplate(text(template));
    }
    return names;
  }

  /**
   * The tokens of a JSON file that gives the id of each, in the order of their ids.
   *
   * @throws TokenizerException if it is missing or damaged, or ids are missing
   */
  static String[] tokens(Path file) {
    JsonNode json = json(file.toString(), text(file));
    String[] tokens = new String[json.size()];
    json.properties()
        .forEach(
            e -> {
              int id = e.getValue().isInt() ? e.getValue().asInt() : -1;
              if (id < 0 || id >= tokens.length || tokens[id] != null) {
                throw new TokenizerException(
                    "%s: token '%s' has id %s; want each of 0 to %d once"
                        .formatted(file, e.getKey(), e.getValue(), tokens.length - 1));
              }
              tokens[id] = e.getKey();
            });
    return tokens;
  }

  static JsonNode optional(Path file) {
    return Files.exists(file)
        ? json(file.toString(), text(file))
        : MAPPER.getNodeFactory().missingNode();
  }

  static JsonNode json(String name, String text) {
    try {
      return MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      String where =
          e.getLocation() == null
              ? ""
              : " at line %d, column %d"
                  .formatted(e.getLocation().getLineNr(), e.getLocation().getColumnNr());
      String what = e.getOriginalMessage().lines().findFirst().orElse("");
      throw new TokenizerException(
          "%s: not valid JSON%s: %s; fetch the file again".formatted(name, where, what), e);
    }
  }

  static String text(Path file) {
    return new String(bytes(file), StandardCharsets.UTF_8);
  }

  static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new TokenizerException(file + ": no such file", e);
    } catch (IOException e) {
      throw new TokenizerException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
