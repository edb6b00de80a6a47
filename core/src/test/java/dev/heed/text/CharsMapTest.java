package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class CharsMapTest {
  private static final int LEAF = 1 << 8;

  /** A trie of 512 units whose one entry is: a becomes what stands at {@code value}. */
  private static byte[] table(int rootOffset, int value, String replacements) {
    int[] units = new int[512];
    units[0] = rootOffset << 10;
    units['a'] = (256 ^ 'a') << 10 | LEAF | 'a'; // leads to unit 256
    units[256] = value | 1 << 31;
    byte[] text = replacements.getBytes(StandardCharsets.UTF_8);
    ByteBuffer out =
        ByteBuffer.allocate(4 + 4 * units.length + text.length).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(4 * units.length);
    Arrays.stream(units).forEach(out::putInt);
    return out.put(text).array();
  }

  private static String tokenizer(byte[] table) {
    return """
    {"normalizer": {"type": "Sequence", "normalizers": [
       {"type": "Precompiled", "precompiled_charsmap": "%s"}]},
     "added_tokens": [],
     "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1], ["bé", -1]]}}
    """
        .formatted(Base64.getEncoder().encodeToString(table));
  }

  @Test
  void soundTablesAreUsed() {
    byte[] table = table(0, 2, "x\0bé\0");
    assertTrue(CharsMap.isSound(table));
    try (Tokenizer t = Tokenizer.fromJson("tiny", tokenizer(table))) {
      assertArrayEquals(new int[] {2, 2}, t.encode("aa", true));
    }
  }

  @Test
  void tablesThatLeadOutsideAreNot() {
    assertFalse(CharsMap.isSound(table(512, 2, "x\0bé\0")), "root outside of the trie");
    assertFalse(CharsMap.isSound(table(0, 7, "x\0bé\0")), "replacement outside of the text");
    assertFalse(CharsMap.isSound(table(0, 4, "x\0bé\0")), "replacement within a character");
    byte[] whole = table(0, 2, "x\0bé\0");
    assertFalse(CharsMap.isSound(Arrays.copyOf(whole, whole.length - 2)), "half a character");
    for (int length : new int[] {0, 4, 8, 1000}) {
      assertFalse(CharsMap.isSound(Arrays.copyOf(whole, length)), length + " bytes");
    }
    var e =
        assertThrows(
            TokenizerException.class,
            () -> Tokenizer.fromJson("tiny", tokenizer(table(0, 7, "x\0bé\0"))));
    assertEquals(
        "tiny: the normalisation table (precompiled_charsmap) is damaged; fetch it again",
        e.getMessage());
  }
}
