package dev.heed.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.nn.RotaryTable.Scaling;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * The angle of position 1 is the pair's frequency; expected values follow from the papers'
 * formulas.
 */
class RotaryTableTest {
  private static double[] frequencies(RotaryTable table) {
    int half = table.dimensions() / 2;
    float[] t = table.compute(2);
    double[] f = new double[half];
    for (int m = 0; m < half; m++) {
      f[m] = Math.atan2(t[3 * half + m], t[2 * half + m]);
    }
    return f;
  }

  private static RotaryTable table(double theta, int dimensions, Scaling scaling) {
    return new RotaryTable(theta, dimensions, scaling, Optional.empty());
  }

  @Test
  void plain() {
    double[] f = frequencies(table(10000, 8, new Scaling.None()));
    assertEquals(1, f[0], 1e-6);
    assertEquals(0.1, f[1], 1e-7);
    assertEquals(0.01, f[2], 1e-8);
    assertEquals(0.001, f[3], 1e-9);
  }

  @Test
  void linear() {
    double[] f = frequencies(table(10000, 8, new Scaling.Linear(4)));
    assertEquals(0.25, f[0], 1e-6);
    assertEquals(0.00025, f[3], 1e-9);
  }

  @Test
  void factorsDivide() {
    float[] factors = {1, 2, 4, 8};
    double[] f = frequencies(new RotaryTable(10000, 8, new Scaling.None(), Optional.of(factors)));
    assertEquals(1, f[0], 1e-6);
    assertEquals(0.05, f[1], 1e-7);
    assertEquals(0.000125, f[3], 1e-9);
  }

  /** Llama 3.1: theta 500000, factor 8, low 1, high 4, original 8192, head size 128. */
  @Test
  void llama3() {
    double[] f = frequencies(table(500000, 128, new Scaling.Llama3(8, 1, 4, 8192)));
    double[] plain = frequencies(table(500000, 128, new Scaling.None()));
    assertEquals(plain[0], f[0], 1e-7);
    // Wavelength 2 pi / f < 8192 / 4 up to pair 28; > 8192 from pair 35.
    assertEquals(plain[28], f[28], 1e-9);
    assertEquals(plain[35] / 8, f[35], 1e-9);
    double wavelength = 2 * Math.PI / Math.pow(500000, -2.0 * 31 / 128);
    double smooth = (8192 / wavelength - 1) / 3;
    assertEquals((1 - smooth) * plain[31] / 8 + smooth * plain[31], f[31], 1e-8);
  }

  /** YaRN with theta 10000, 64 dimensions, original context 2048, factor 16. */
  @Test
  void yarn() {
    double attention = Scaling.Yarn.defaultAttention(16);
    assertEquals(0.1 * Math.log(16) + 1, attention, 1e-12);
    RotaryTable table = table(10000, 64, new Scaling.Yarn(16, 2048, 32, 1, attention));
    double[] f = frequencies(table);
    double[] plain = frequencies(table(10000, 64, new Scaling.None()));
    // 64 ln(2048 / (32 * 2 pi)) / (2 ln 10000) = 8.06, and with 1 instead of 32: 20.1.
    assertEquals(plain[8], f[8], 1e-8);
    assertEquals(plain[21] / 16, f[21], 1e-9);
    double ramp = (12 - 8) / (21.0 - 8);
    assertEquals(plain[12] / 16 * ramp + plain[12] * (1 - ramp), f[12], 1e-8);
    assertEquals(attention, table.compute(1)[0], 1e-6);
  }
}
