package dev.heed.device.cpu;

import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.LANES;
import static dev.heed.device.cpu.VectorMath.load;
import static dev.heed.device.cpu.VectorMath.store;

import dev.heed.op.Activation;
import jdk.incubator.vector.VectorMask;

/** out = outScale * fn(inScale * in) over rows: a loop of its own for each function. */
final class VectorActivations {
  private VectorActivations() {}

  static void apply(Activation fn, long out, long in, long n, float inScale, float outScale) {
    long end = 4 * (n & -LANES);
    switch (fn) {
      case IDENTITY -> identity(out, in, end, inScale, outScale);
      case RELU -> relu(out, in, end, inScale, outScale);
      case GELU -> gelu(out, in, end, inScale, outScale);
      case GELU_TANH -> geluTanh(out, in, end, inScale, outScale);
      case SILU -> silu(out, in, end, inScale, outScale);
      case TANH -> tanh(out, in, end, inScale, outScale);
      case SIGMOID -> sigmoid(out, in, end, inScale, outScale);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = F.indexInRange(0, n & (LANES - 1));
      store(VectorMath.apply(fn, load(in + end, m).mul(inScale)).mul(outScale), out + end, m);
    }
  }

  private static void identity(long out, long in, long end, float inScale, float outScale) {
    for (long i = 0; i < end; i += BYTES) {
      store(load(in + i).mul(inScale).mul(outScale), out + i);
    }
  }

  private static void relu(long out, long in, long end, float inScale, float outScale) {
    for (long i = 0; i < end; i += BYTES) {
      store(VectorMath.relu(load(in + i).mul(inScale)).mul(outScale), out + i);
    }
  }

  private static void gelu(long out, long in, long end, float inScale, float outScale) {
    for (long i = 0; i < end; i += BYTES) {
      store(VectorMath.gelu(load(in + i).mul(inScale)).mul(outScale), out + i);
    }
  }

  private static void geluTanh(long out, long in, long end, float inScale, float outScale) {
    for (long i = 0; i < end; i += BYTES) {
      store(VectorMath.geluTanh(load(in + i).mul(inScale)).mul(outScale), out + i);
    }
  }

  private static void silu(long out, long in, long end, float inScale, float outScale) {
    for (long i = 0; i < end; i += BYTES) {
      store(VectorMath.silu(load(in + i).mul(inScale)).mul(outScale), out + i);
    }
  }

  private static void tanh(long out, long in, long end, float inScale, float outScale) {
    for (long i = 0; i < end; i += BYTES) {
      store(VectorMath.tanh(load(in + i).mul(inScale)).mul(outScale), out + i);
    }
  }

  private static void sigmoid(long out, long in, long end, float inScale, float outScale) {
    for (long i = 0; i < end; i += BYTES) {
      store(VectorMath.sigmoid(load(in + i).mul(inScale)).mul(outScale), out + i);
    }
  }
}
