package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i16;
import static dev.heed.device.cpu.Memory.i32;
import static dev.heed.device.cpu.Memory.i8;

import dev.heed.tensor.DType;

/** Quants and scales of packed panels by plain loops: the numbers of the vector kernels. */
final class ScalarBlocks {
  private final DType type;
  private final int lanes;
  private final int v;

  ScalarBlocks(PanelLayout layout, DType type) {
    this.type = type;
    lanes = layout.lanes();
    v = layout.vectorBytes();
  }

  /** See {@link PanelMath#expandRounded}. */
  void expandRounded(long out, long scales, long panel, int k) {
    expand(panel, scales, k, true, out);
    int centre = RoundedOperand.centre(type);
    for (long at = scales; PanelLayout.hasMinimum(type) && at < scales + k / 16L * v; at += 4) {
      f32(at + PanelMath.MINIMA, Math.fma(f32(at), centre, f32(at + PanelMath.MINIMA)));
    }
  }

  /** See {@link PanelMath#expandBlocks}. */
  void expand(long out, long scales, long panel, int k) {
    expand(panel, scales, k, false, out);
  }

  private void expand(long panel, long scales, int k, boolean pairs, long out) {
    int groups = k / 32;
    long quants = panel + (long) PanelLayout.quantVector(type, groups) * v;
    long step = (long) PanelLayout.bitVectors(type) * v;
    for (int g = 0; g < groups; g++) {
      for (int row = 0; row < 2 * lanes; row++) {
        int high = row / lanes;
        long lane = 4L * (row % lanes);
        scales(panel + lane, scales + 2L * 32 / PanelLayout.group(type) * g * v + lane, g, high);
        long at = quants + g * step + lane;
        for (int i = 0; i < 32; i++) {
          int quant = quant(at, i, high);
          if (pairs) {
            long pair = 16 * g + i / 4 * 2 + i % 2;
            i16(out + (2 * pair + high) * v + lane + i % 4 / 2 * 2, (short) quant);
          } else {
            f32(out + (2L * (32 * g + i) + high) * v + lane, quant);
          }
        }
      }
    }
  }

  /** Quant {@code i} of a group whose first vector's int is at {@code at}. */
  private int quant(long at, int i, int high) {
    if (type == DType.Q8_0) {
      return i32(at + (2L * (i / 4) + high) * v) >>> 8 * (i % 4) & 0xff;
    }
    int nibble =
        i32(at + (PanelLayout.bitVectors(type) - 8L + i / 4) * v) >>> 8 * (i % 4) + 4 * high & 15;
    return switch (type) {
      case Q5_0, Q5_1, Q5_K -> nibble | (i32(at + (long) high * v) >>> i & 1) << 4;
      case Q6_K -> {
        int pairs = i32(at + (2L * (i / 16) + high) * v);
        yield nibble | (pairs >>> 8 * (i % 4) + 2 * (i % 16 / 4) & 3) << 4;
      }
      default -> nibble;
    };
  }

  /** Writes scale and minimum of group {@code g}; {@code head} begins the chunk. */
  private void scales(long head, long to, int g, int high) {
    long row = (long) high * v;
    switch (type) {
      case Q8_0, Q4_0, Q5_0 -> f32(to + row, half(head + (long) g * v, high));
      case Q4_1, Q5_1 -> {
        long at = head + 2L * g * v;
        f32(to + row, half(at, high));
        f32(to + row + PanelMath.MINIMA, half(at + v, high));
      }
      case Q4_K, Q5_K -> {
        long at = head + (2L + g) * v + 2 * high;
        f32(to + row, half(head, high) * i8(at));
        f32(to + row + PanelMath.MINIMA, -half(head + v, high) * i8(at + 1));
      }
      default -> {
        long at = head + (1L + g) * v + 2 * high;
        f32(to + row, half(head, high) * i8(at));
        f32(to + row + 2L * v, half(head, high) * i8(at + 1));
      }
    }
  }

  private static float half(long at, int high) {
    return Float.float16ToFloat(i16(at + 2 * high));
  }
}
