package dev.heed.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;

/**
 * SentencePiece's compiled normalisation table: the size of a double-array trie, the trie, and the
 * replacements it points to, each ended by a zero byte. Source: SentencePiece's {@code
 * normalizer.cc} and Darts-clone.
 *
 * <p>The library follows the trie without looking where it leads. This does.
 */
final class CharsMap {
  private final int[] units;
  private final byte[] replacements;

  private CharsMap(int[] units, byte[] replacements) {
    this.units = units;
    this.replacements = replacements;
  }

  /** True if whatever text is looked up stays inside of {@code table}. */
  static boolean isSound(byte[] table) {
    if (table.length < 8) {
      return false;
    }
    ByteBuffer in = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
    int bytes = in.getInt();
    if (bytes < 4 || bytes % 4 != 0 || bytes > in.remaining()) {
      return false;
    }
    int[] units = new int[bytes / 4];
    in.asIntBuffer().get(units);
    byte[] replacements = new byte[in.remaining() - bytes];
    in.position(in.position() + bytes).get(replacements);
    return isUtf8(replacements) && new CharsMap(units, replacements).isSound();
  }

  private static boolean isUtf8(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  /** Visits every state that can be reached from the root. */
  private boolean isSound() {
    BitSet seen = new BitSet();
    Deque<Integer> open = new ArrayDeque<>();
    open.push(offset(units[0]));
    while (!open.isEmpty()) {
      int base = open.pop();
      if (base < 0 || (base | 0xFF) >= units.length) {
        return false; // some byte would lead outside
      }
      if (seen.get(base)) {
        continue;
      }
      seen.set(base);
      for (int c = 1; c <= 0xFF; c++) {
        int node = base ^ c;
        int unit = units[node];
        if ((unit & 0x800000FF) != c) {
          continue; // no such transition
        }
        int next = node ^ offset(unit);
        boolean leaf = (unit >>> 8 & 1) == 1;
        if (leaf && (next < 0 || next >= units.length || !isReplacement(units[next]))) {
          return false;
        }
        open.push(next);
      }
    }
    return true;
  }

  private static int offset(int unit) {
    return unit >>> 10 << ((unit & 1 << 9) >>> 6);
  }

  /** A leaf's value is where its replacement starts, at a whole character. */
  private boolean isReplacement(int unit) {
    int start = unit & 0x7FFFFFFF;
    return start < replacements.length && (replacements[start] & 0xC0) != 0x80;
  }
}
