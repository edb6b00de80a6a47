package dev.heed.device.cpu;

import static dev.heed.device.cpu.x86.Register.RAX;
import static dev.heed.device.cpu.x86.Register.RCX;

/**
 * {@link TileCode} for products of {@link BlockFloat} rows and panels with AVX-512's {@code
 * vpdpwssd}, which adds up 32 products of 16 bits. The sum over a block is exact; it goes to the
 * output times the scale of x, in one fused multiply-add with that of the weight.
 */
final class BlockFloatCode extends TileCode {
  private static final int BYTES = 64;

  /** A vector that tiles leave alone: the upper half of every lane. */
  private static final int UPPER = 31;

  private BlockFloatCode() {
    super(BlockFloat.RECORD);
  }

  /** The code for any number of rows. */
  static byte[] rows() {
    return new BlockFloatCode().kernel();
  }

  @Override
  void ready() {
    asm.mov(RAX, 0xffff0000);
    asm.vpbroadcastd(UPPER, RAX);
  }

  @Override
  boolean inPlace() {
    return true;
  }

  @Override
  void begin(int rows) {}

  @Override
  void group(int rows) {
    int sum = 2 * rows;
    int w = 4 * rows;
    int x = w + 2;
    for (int v = sum; v < w; v++) {
      asm.vpxord(v, v, v);
    }
    for (int j = 0; j < BlockFloat.PAIRS; j++) {
      asm.vmovups(w, RCX.at(BYTES + 2 * BYTES * j));
      asm.vmovups(w + 1, RCX.at(2 * BYTES + 2 * BYTES * j));
      for (int r = 0; r < rows; r++) {
        asm.vpbroadcastd(x, row(RAX, r, 4 * j));
        asm.vpdpwssd(sum + 2 * r, w, x);
        asm.vpdpwssd(sum + 2 * r + 1, w + 1, x);
      }
    }
    asm.vmovups(w + 1, RCX.at(0));
    asm.vpslld(w, w + 1, 16);
    asm.vpandd(w + 1, w + 1, UPPER);
    for (int r = 0; r < rows; r++) {
      asm.vpbroadcastd(x, row(RAX, r, BlockFloat.SCALE));
      for (int v = 0; v < 2; v++) {
        int y = sum + 2 * r + v;
        asm.vcvtdq2ps(y, y);
        asm.vmulps(y, y, x);
        asm.vfmadd231ps(2 * r + v, y, w + v);
      }
    }
    asm.add(RAX, BlockFloat.RECORD);
    asm.add(RCX, BlockFloat.PANEL_BLOCK);
  }
}
