package dev.heed.device.cpu;

import dev.heed.op.Activation;
import dev.heed.tensor.DType;

/**
 * What one thread does with rows in memory: addresses are absolute, counts in elements, rows dense
 * F32 unless said otherwise; {@code out} may be an input. A sum's order depends on its length only.
 */
interface RowMath {
  /** What it is built on, for reports: {@code scalar}, {@code vectors of 512 bits}. */
  String describe();

  /** Width of the F32 vectors it calculates in; 32 without vectors. */
  int vectorBits();

  /** out = value. */
  void fill(long out, float value, long n);

  /** out = a + b. */
  void add(long out, long a, long b, long n);

  /** out = a + b for one b. */
  void add(long out, long a, float b, long n);

  /** out = a * b. */
  void mul(long out, long a, long b, long n);

  /** out = a * b for one b. */
  void mul(long out, long a, float b, long n);

  /** y = y + a * x. */
  void addScaled(long y, float a, long x, long n);

  /** out = outScale * fn(inScale * in). */
  void activate(long out, long in, long n, Activation fn, float inScale, float outScale);

  /** out = in, of a type that is not F32 (blocks: whole ones). */
  void toFloat(DType from, long out, long in, long n);

  /** out = in, in F16 or BF16, rounded to nearest even, or in whole blocks of Q8_0. */
  void fromFloat(DType to, long out, long in, long n);

  /** The sum of a * b. */
  float dot(long a, long b, long n);

  /** The sum of x - shift. */
  float sum(long x, float shift, long n);

  /** The sum of (x - mean)^2. */
  float squares(long x, float mean, long n);

  /**
   * out = ((x - mean) * factor + offset) * weight + bias; address 0 for no weight or bias. The
   * offset takes back what rounding the mean left.
   */
  void normalize(
      long out, long x, float mean, float factor, float offset, long weight, long bias, long n);

  /** The largest element; -inf if there is none. */
  float max(long x, long n);

  /** out = max(out, x). */
  void max(long out, long x, long n);

  /** out = exp(x - shift), and gives the sum; -inf gives 0. */
  float expSum(long out, long x, float shift, long n);

  /** The sum of exp(x - shift). */
  float expSum(long x, float shift, long n);

  /** Rotates m pairs (a, b) to (a c - b s, a s + b c): elements (i, i + m). */
  void rotateHalves(long out, long x, long cos, long sin, long m);

  /** Rotates m pairs (a, b) to (a c - b s, a s + b c): elements (2i, 2i + 1). */
  void rotatePairs(long out, long x, long cos, long sin, long m);
}
