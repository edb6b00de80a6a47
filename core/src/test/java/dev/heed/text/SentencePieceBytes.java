package dev.heed.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** The bytes of SentencePiece models: the few fields that matter, as protobuf writes them. */
public final class SentencePieceBytes {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  SentencePieceBytes() {}

  /** A Unigram model of {@code <unk>} and these pieces, the first one likeliest. */
  public static byte[] unigram(String... pieces) {
    SentencePieceBytes all = new SentencePieceBytes().piece("<unk>", 0, 2);
    for (int i = 0; i < pieces.length; i++) {
      all.piece(pieces[i], -1 - i, 1);
    }
    return all.bytes(2, new SentencePieceBytes().varint(3, 1).varint(40, 0).done()).done();
  }

  SentencePieceBytes varint(int field, long value) {
    raw(field << 3);
    return raw(value);
  }

  SentencePieceBytes f32(int field, float value) {
    raw(field << 3 | 5);
    int bits = Float.floatToIntBits(value);
    for (int i = 0; i < 4; i++) {
      out.write(bits >>> 8 * i);
    }
    return this;
  }

  SentencePieceBytes bytes(int field, byte[] value) {
    raw(field << 3 | 2);
    raw(value.length);
    out.writeBytes(value);
    return this;
  }

  SentencePieceBytes piece(String text, double score, int type) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    SentencePieceBytes piece = new SentencePieceBytes().bytes(1, utf8).f32(2, (float) score);
    return bytes(1, (type == 1 ? piece : piece.varint(3, type)).done());
  }

  byte[] done() {
    return out.toByteArray();
  }

  private SentencePieceBytes raw(long value) {
    long rest = value;
    while (rest > 127) {
      out.write((int) (rest & 127 | 128));
      rest >>>= 7;
    }
    out.write((int) rest);
    return this;
  }
}
