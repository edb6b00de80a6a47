package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DecimalCodeTest {
  private static final MathContext FOUR = new MathContext(4, RoundingMode.HALF_UP);

  /** As the page reads it. */
  private static BigDecimal decode(char code) {
    if (code == 0) {
      return BigDecimal.ZERO;
    }
    int d = (code - 1) / 9000;
    return BigDecimal.valueOf(1000 + (code - 1) % 9000, 3 + d);
  }

  private static void check(float weight) {
    BigDecimal expected = new BigDecimal(weight).round(FOUR);
    if (expected.compareTo(new BigDecimal("0.000001")) < 0) {
      expected = BigDecimal.ZERO;
    }
    String message = Float.toString(weight);
    assertEquals(0, expected.compareTo(decode(DecimalCode.of(weight))), message);
  }

  @Test
  void itIsTheWeightRoundedToFourDigits() {
    Random random = new Random(7);
    for (int i = 0; i < 300_000; i++) {
      check((float) Math.pow(10, -7.5 * random.nextDouble()));
    }
  }

  @Test
  void powersOfTenAndTheirNeighbours() {
    for (int d = 0; d < 9; d++) {
      float power = (float) Math.pow(10, -d);
      check(power);
      check(Math.nextDown(power));
      check(power * 0.99996f);
    }
    check(0);
  }
}
