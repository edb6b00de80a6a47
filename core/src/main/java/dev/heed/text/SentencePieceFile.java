package dev.heed.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A SentencePiece model ({@code spiece.model}, {@code tokenizer.model}): a Protocol Buffers message
 * of pieces, trainer and normaliser settings. Source: {@code sentencepiece_model.proto}.
 */
final class SentencePieceFile {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;
  private static final int UNIGRAM = 1;
  private static final int BPE = 2;
  private static final int MAX_GAP = 1 << 17; // ids between the pieces and an added token

  private final String name;
  private final List<String> tokens = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();
  private final List<Integer> types = new ArrayList<>();
  private final Map<String, Integer> roles = new HashMap<>(Map.of("unk", 0, "bos", 1));
  private final Map<String, Boolean> flags = new HashMap<>();
  private int eos = 2;
  private int modelType = UNIGRAM;
  private byte[] charsMap = new byte[0];

  private SentencePieceFile(String name) {
    this.name = name;
  }

  /**
   * Reads the file's bytes.
   *
   * @param added tokens that the model's other files put behind the pieces, in order of their ids
   * @param around flags {@code add_bos} and {@code add_eos}, which the file itself does not know
   * @throws TokenizerException if it is no such file, or of a kind that is not supported
   */
  static GgufVocabulary read(
      String name, byte[] bytes, List<Added> added, Map<String, Boolean> around) {
    SentencePieceFile file = new SentencePieceFile(name);
    file.flags.putAll(around);
    file.readModel(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    for (Added token : added) {
      file.add(token);
    }
    return file.vocabulary();
  }

  /** A token behind the pieces. */
  record Added(int id, String content, boolean special) {}

  private void add(Added token) {
    if (token.id < tokens.size()) {
      return; // repeats a piece
    }
    if (token.id > tokens.size() + MAX_GAP) {
      throw new TokenizerException(
          "%s: added token '%s' has id %d, far behind the %d pieces"
              .formatted(name, token.content, token.id, tokens.size()));
    }
    while (tokens.size() < token.id) {
      append("<unused_" + tokens.size() + ">", GgufVocabulary.NORMAL);
    }
    append(token.content, token.special ? GgufVocabulary.CONTROL : GgufVocabulary.USER_DEFINED);
  }

  private void append(String token, int type) {
    tokens.add(token);
    scores.add(0f);
    types.add(type);
  }

  private GgufVocabulary vocabulary() {
    float[] s = new float[scores.size()];
    for (int i = 0; i < s.length; i++) {
      s[i] = scores.get(i);
    }
    Set<Integer> ends = new LinkedHashSet<>(Set.of(eos));
    return new GgufVocabulary(
        name,
        modelType == BPE ? "llama" : "t5",
        "default",
        tokens,
        s,
        types.stream().mapToInt(Integer::intValue).toArray(),
        List.of(),
        roles,
        ends,
        flags,
        charsMap,
        Optional.empty());
  }

  private interface FieldReader {
    /** One field; {@code value} is its number or, for BYTES, null. */
    void field(int number, long value, ByteBuffer bytes);
  }

  private void readModel(ByteBuffer in) {
    fields(
        in,
        (number, value, bytes) -> {
          switch (number) {
            case 1 -> readPiece(message(bytes));
            case 2 -> fields(message(bytes), this::trainerField);
            case 3 -> fields(message(bytes), this::normalizerField);
            default -> {}
          }
        });
    if (modelType != UNIGRAM && modelType != BPE) {
      throw new TokenizerException(
          name + ": a SentencePiece model of words or characters; Heed reads Unigram and BPE");
    }
  }

  private void readPiece(ByteBuffer in) {
    append("", GgufVocabulary.NORMAL);
    int last = tokens.size() - 1;
    fields(
        in,
        (number, value, bytes) -> {
          switch (number) {
            case 1 -> tokens.set(last, StandardCharsets.UTF_8.decode(message(bytes)).toString());
            case 2 -> scores.set(last, Float.intBitsToFloat((int) value));
            case 3 -> types.set(last, (int) value);
            default -> {}
          }
        });
  }

  private void trainerField(int number, long value, ByteBuffer bytes) {
    switch (number) {
      case 3 -> modelType = (int) value;
      case 24 -> {
        if (value != 0) {
          throw new TokenizerException(
              name + ": writes spaces behind words, which Heed does not read; use tokenizer.json");
        }
      }
      case 40 -> roles.put("unk", (int) value);
      case 41 -> roles.put("bos", (int) value);
      case 42 -> eos = (int) value;
      case 43 -> roles.put("pad", (int) value);
      default -> {}
    }
  }

  private void normalizerField(int number, long value, ByteBuffer bytes) {
    switch (number) {
      case 2 -> {
        charsMap = new byte[message(bytes).remaining()];
        bytes.get(charsMap);
      }
      case 3 -> flags.put("add_space_prefix", value != 0);
      case 4 -> flags.put("remove_extra_whitespaces", value != 0);
      default -> {}
    }
  }

  private ByteBuffer message(ByteBuffer bytes) {
    if (bytes == null) {
      throw damaged();
    }
    return bytes;
  }

  /** Walks through the fields of one message. */
  private void fields(ByteBuffer in, FieldReader reader) {
    while (in.hasRemaining()) {
      long tag = varint(in);
      int number = (int) (tag >>> 3);
      switch ((int) (tag & 7)) {
        case VARINT -> reader.field(number, varint(in), null);
        case FIXED32 -> reader.field(number, need(in, 4).getInt(), null);
        case FIXED64 -> reader.field(number, need(in, 8).getLong(), null);
        case BYTES -> {
          ByteBuffer bytes = need(in, varint(in)).slice().order(ByteOrder.LITTLE_ENDIAN);
          reader.field(number, 0, bytes);
        }
        default -> throw damaged();
      }
    }
  }

  /** The next {@code n} bytes; {@code in} goes on behind them. */
  private ByteBuffer need(ByteBuffer in, long n) {
    if (n < 0 || n > in.remaining()) {
      throw damaged();
    }
    ByteBuffer out = in.slice(in.position(), (int) n).order(ByteOrder.LITTLE_ENDIAN);
    in.position(in.position() + (int) n);
    return out;
  }

  private long varint(ByteBuffer in) {
    long result = 0;
    for (int shift = 0; shift < 64 && in.hasRemaining(); shift += 7) {
      byte b = in.get();
      result |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        return result;
      }
    }
    throw damaged();
  }

  private TokenizerException damaged() {
    return new TokenizerException(
        name + ": not a SentencePiece model, or damaged; fetch the file again");
  }
}
