package dev.heed.cli;

import java.util.Locale;

/**
 * Colours of weights, evenly spaced for the eye: lightness changes by equal steps in OKLCh
 * (Ottosson 2020), while the hue goes from yellow over green to blue. No weight at all has the
 * colour of the page's ground.
 */
enum ColourScale {
  /** From paper to ink. */
  LIGHT(0.985, 0.30, 95, 285, 0.13),
  /** From night to light. */
  DARK(0.205, 0.96, 285, 95, 0.14);

  /** Colours of a scale. */
  static final int STEPS = 256;

  private final double from;
  private final double to;
  private final double hueFrom;
  private final double hueTo;
  private final double chroma;

  ColourScale(double from, double to, double hueFrom, double hueTo, double chroma) {
    this.from = from;
    this.to = to;
    this.hueFrom = hueFrom;
    this.hueTo = hueTo;
    this.chroma = chroma;
  }

  /** The colour of a step, 0xRRGGBB. */
  int rgb(int step) {
    double t = step / (STEPS - 1.0);
    double l = from + (to - from) * t;
    double hue = Math.toRadians(hueFrom + (hueTo - hueFrom) * t);
    // No colour at the ends, where a screen has little to give.
    double c = chroma * Math.pow(Math.sin(Math.PI * (0.04 + 0.86 * t)), 0.8);
    return oklab(l, c * Math.cos(hue), c * Math.sin(hue));
  }

  /** All colours, six hexadecimal digits each. */
  String hex() {
    StringBuilder all = new StringBuilder(6 * STEPS);
    for (int step = 0; step < STEPS; step++) {
      all.append(String.format(Locale.ROOT, "%06x", rgb(step)));
    }
    return all.toString();
  }

  /** Björn Ottosson, "A perceptual color space for image processing": OKLab to linear sRGB. */
  private static int oklab(double lightness, double a, double b) {
    double l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b);
    double m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b);
    double s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b);
    return channel(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s) << 16
        | channel(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s) << 8
        | channel(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
  }

  private static double cube(double x) {
    return x * x * x;
  }

  /** The transfer function of sRGB (IEC 61966-2-1), cut to its range. */
  private static int channel(double linear) {
    double x = Math.clamp(linear, 0, 1);
    double encoded = x <= 0.0031308 ? 12.92 * x : 1.055 * Math.pow(x, 1 / 2.4) - 0.055;
    return (int) Math.round(255 * encoded);
  }
}
