package dev.heed.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

/** The slopes that the paper and its code give. */
class AlibiTest {
  @Test
  void powersOfTwo() {
    assertArrayEquals(
        new float[] {1 / 2f, 1 / 4f, 1 / 8f, 1 / 16f, 1 / 32f, 1 / 64f, 1 / 128f, 1 / 256f},
        Alibi.slopes(8));
    assertArrayEquals(new float[] {1 / 256f}, Alibi.slopes(1));
  }

  /** 12 heads: those of 8, then the first, third, .. of 16. */
  @Test
  void betweenPowersOfTwo() {
    float[] got = Alibi.slopes(12);
    float[] sixteen = Alibi.slopes(16);
    for (int h = 0; h < 12; h++) {
      float expected = h < 8 ? Alibi.slopes(8)[h] : sixteen[2 * (h - 8)];
      org.junit.jupiter.api.Assertions.assertEquals(expected, got[h], 1e-7f);
    }
    assertArrayEquals(new float[] {0.70710678f}, new float[] {sixteen[0]}, 1e-7f);
  }
}
