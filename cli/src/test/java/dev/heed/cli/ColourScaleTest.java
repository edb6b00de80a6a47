package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ColourScaleTest {
  /** CIE 1976 L* of a colour, which the scale was not made from. */
  private static double lightness(int rgb) {
    double y =
        0.2126 * linear(rgb >> 16 & 255)
            + 0.7152 * linear(rgb >> 8 & 255)
            + 0.0722 * linear(rgb & 255);
    return y > 216.0 / 24389 ? 116 * Math.cbrt(y) - 16 : y * 24389 / 27;
  }

  private static double linear(int channel) {
    double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4);
  }

  @ParameterizedTest
  @EnumSource(ColourScale.class)
  void lightnessChangesEvenly(ColourScale scale) {
    double first = lightness(scale.rgb(0));
    double last = lightness(scale.rgb(255));
    assertTrue(Math.abs(last - first) > 70, first + " to " + last);
    for (int step = 0; step < 256; step += 15) {
      double even = first + (last - first) * step / 255;
      assertEquals(even, lightness(scale.rgb(step)), 6, "step " + step);
    }
    assertEquals(6 * 256, scale.hex().length());
  }
}
