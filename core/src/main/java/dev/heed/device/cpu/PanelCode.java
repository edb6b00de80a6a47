package dev.heed.device.cpu;

import static dev.heed.device.cpu.x86.Register.RAX;
import static dev.heed.device.cpu.x86.Register.RSI;

import dev.heed.device.cpu.x86.Address;
import dev.heed.device.cpu.x86.Assembler;
import dev.heed.device.cpu.x86.Label;
import dev.heed.device.cpu.x86.Register;
import dev.heed.tensor.DType;

/**
 * The part of {@link DotProductCode} that reads packed panels (see {@link PanelBlocks}): scales and
 * minima as F32, the numbers of {@link PanelMath#expandRounded}; and quants as unsigned bytes, 4 of
 * a column in a lane. It changes RAX, RSI and vectors.
 */
final class PanelCode {
  /** Where scales lie in scratch, F32 [groups][2 vectors]; expanded quants lie before them. */
  static final int SCALES = PanelSource.DEPTH * 32;

  /** Where minima lie, in the same form. */
  static final int MINIMA = SCALES + PanelSource.DEPTH / 16 * 128;

  /** Bytes of scratch. */
  static final int SCRATCH = MINIMA + PanelSource.DEPTH / 32 * 128;

  private static final int BYTES = 64;

  // Tables for vpternlogd.
  private static final int OR_AND = 0xf8; // d | a & b

  private static final int NIBBLES = 0x0f0f0f0f;
  private static final int FIFTH_BITS = 0x10101010;
  private static final int SIXTH_BITS = 0x30303030;

  /** A nibble times this has its bits in bit 4 of four bytes, with others beside them. */
  private static final int SPREAD = 0x00204081 << 4;

  // Vectors that tiles leave alone.
  private static final int NIBBLE_MASK = 31;
  private static final int HIGH_MASK = 30;
  private static final int FACTOR = 29;
  private static final int LOW_PLANE = 28;
  private static final int HIGH_PLANE = 27;

  // Vectors that scales are made with.
  private static final int F16_MASK = 31;
  private static final int BYTE_MASK = 30;
  private static final int REBIAS = 29;
  private static final int CENTRE = 28;
  private static final int D = 26; // low rows, then high rows
  private static final int M = 24;

  private final Assembler asm;
  private final DType type;
  private final int bits;
  private final boolean expand;

  /**
   * For weights of a type.
   *
   * @param expand tiles read quants from scratch, not from the panel
   */
  PanelCode(Assembler asm, DType type, boolean expand) {
    this.asm = asm;
    this.type = type;
    bits = bits(type);
    this.expand = expand;
  }

  /** Bits of a quant. */
  static int bits(DType type) {
    return switch (type) {
      case Q4_0, Q4_1, Q4_K -> 4;
      case Q5_0, Q5_1, Q5_K -> 5;
      case Q6_K -> 6;
      case Q8_0 -> 8;
      default -> throw new IllegalArgumentException("no quants of " + type);
    };
  }

  /** Whether tiles read quants from the panel. */
  boolean inPlace() {
    return !expand;
  }

  /** Bytes of a group of 32 where tiles read them. */
  int step() {
    return expand ? 32 * 32 : PanelLayout.bitVectors(type) * BYTES;
  }

  /**
   * Scales and minima of a chunk.
   *
   * @param head where it begins; then where its quants begin
   * @param count groups, then 0
   */
  void scales(Register head, Register scratch, Register count) {
    constant(F16_MASK, VectorScales.F16_BITS);
    constant(REBIAS, Float.floatToRawIntBits(VectorScales.REBIAS));
    constant(BYTE_MASK, 0xff);
    constant(CENTRE, Float.floatToRawIntBits(ByteOperand.centre(type)));
    asm.lea(RSI, scratch.at(SCALES));
    boolean blocks = type.blockSize() > 32;
    if (blocks) {
      blockScales(head);
    }
    Label next = new Label();
    asm.bind(next);
    if (!blocks) {
      asm.vmovups(0, head.at(0));
      halves(D, 0);
      store(D, 0);
      if (PanelLayout.hasMinimum(type)) {
        asm.vmovups(0, head.at(BYTES));
        halves(M, 0);
        storeMinima(M, D);
      }
      asm.add(head, PanelLayout.headVectors(type) * BYTES);
    } else {
      asm.vmovups(0, head.at(0));
      if (type == DType.Q6_K) {
        signedScales();
      } else {
        scalesAndMinima();
      }
      asm.add(head, BYTES);
    }
    asm.add(RSI, 2 * BYTES * 32 / PanelLayout.group(type));
    asm.sub(count, 1);
    asm.jne(next);
  }

  /** d, and -dmin, of a block whose groups have scales of their own. */
  private void blockScales(Register head) {
    asm.vmovups(0, head.at(0));
    halves(D, 0);
    if (PanelLayout.hasMinimum(type)) {
      constant(REBIAS, Float.floatToRawIntBits(-VectorScales.REBIAS));
      asm.vmovups(0, head.at(BYTES));
      halves(M, 0);
    }
    asm.add(head, PanelLayout.headVectors(type) * BYTES);
  }

  /** Both vectors of F16 numbers in {@code from}, which must be finite, times the factor. */
  private void halves(int d, int from) {
    asm.vpslld(d, from, 16);
    asm.vpsrad(d, d, 3);
    asm.vpsrad(d + 1, from, 3);
    for (int v = d; v < d + 2; v++) {
      asm.vpandd(v, v, F16_MASK);
      asm.vmulps(v, v, REBIAS);
    }
  }

  /** Vector 0: scale and minimum of the low row, a byte each, then of the high row. */
  private void scalesAndMinima() {
    for (int high = 0; high < 2; high++) {
      asm.vpsrld(1, 0, 16 * high);
      asm.vpandd(2 + high, 1, BYTE_MASK);
      asm.vpsrld(1, 0, 16 * high + 8);
      asm.vpandd(4 + high, 1, BYTE_MASK);
    }
    for (int v = 0; v < 2; v++) {
      asm.vcvtdq2ps(2 + v, 2 + v);
      asm.vmulps(2 + v, 2 + v, D + v);
      asm.vcvtdq2ps(4 + v, 4 + v);
      asm.vmulps(4 + v, 4 + v, M + v);
    }
    store(2, 0);
    storeMinima(4, 2);
  }

  /** Vector 0: both scales of the low row, a signed byte each, then of the high row. */
  private void signedScales() {
    for (int half = 0; half < 2; half++) {
      for (int high = 0; high < 2; high++) {
        int v = 1 + high;
        asm.vpslld(v, 0, 24 - 8 * half - 16 * high);
        asm.vpsrad(v, v, 24);
        asm.vcvtdq2ps(v, v);
        asm.vmulps(v, v, D + high);
      }
      store(1, 2 * BYTES * half);
    }
  }

  /** Minima, with the scales times what products take off the quants added. */
  private void storeMinima(int v, int scales) {
    for (int i = 0; ByteOperand.centre(type) != 0 && i < 2; i++) {
      asm.vfmadd231ps(v + i, scales + i, CENTRE);
    }
    store(v, MINIMA - SCALES);
  }

  private void store(int v, int offset) {
    asm.vmovups(RSI.at(offset), v);
    asm.vmovups(RSI.at(offset + BYTES), v + 1);
  }

  /**
   * Gets quants of a chunk ready to be read.
   *
   * @param at where they begin in the panel; then where they end, unless {@link #inPlace}
   * @param groups how many groups there are
   */
  void quants(Register at, Register scratch, Address groups, Register count) {
    constant(NIBBLE_MASK, NIBBLES);
    constant(HIGH_MASK, bits == 5 ? FIFTH_BITS : SIXTH_BITS);
    constant(FACTOR, SPREAD);
    if (!expand) {
      return;
    }
    asm.mov(RSI, scratch);
    asm.mov(count, groups);
    Label next = new Label();
    asm.bind(next);
    for (int j = 0; j < 8; j++) {
      if (bits != 6 && j == 0 || bits == 6 && j % 4 == 0) {
        planes(at, j / 4);
      }
      columns(0, at, j);
      store(0, 2 * BYTES * j);
    }
    asm.add(at, PanelLayout.bitVectors(type) * BYTES);
    asm.add(RSI, 32 * 32);
    asm.sub(count, 1);
    asm.jne(next);
  }

  /** What a tile does at the start of a group of 32, or of a half where halves are groups. */
  void beginGroup(Register at, int half) {
    if (!expand) {
      planes(at, half);
    }
  }

  /**
   * Quants 4j to 4j + 3 of a group of 32: of the low rows in {@code w}, of the high ones in the
   * next vector. The one behind that is changed too.
   */
  void weights(int w, Register at, int j) {
    if (expand || bits == 8) {
      asm.vmovups(w, at.at(2 * BYTES * j));
      asm.vmovups(w + 1, at.at(2 * BYTES * j + BYTES));
    } else {
      columns(w, at, j);
    }
  }

  /** Loads the bits above nibbles, for all of a group or half of it. */
  private void planes(Register at, int half) {
    if (bits == 5 || bits == 6) {
      asm.vmovups(LOW_PLANE, at.at(2 * BYTES * half));
      asm.vmovups(HIGH_PLANE, at.at(2 * BYTES * half + BYTES));
    }
  }

  private void columns(int w, Register at, int j) {
    int high = w + 2;
    asm.vmovups(w + 1, at.at((PanelLayout.bitVectors(type) - 8 + j) * BYTES));
    asm.vpandd(w, w + 1, NIBBLE_MASK);
    asm.vpsrld(w + 1, w + 1, 4);
    asm.vpandd(w + 1, w + 1, NIBBLE_MASK);
    for (int v = 0; bits > 4 && v < 2; v++) {
      int plane = v == 0 ? LOW_PLANE : HIGH_PLANE;
      if (bits == 5) { // bits 4j to 4j + 3
        asm.vpslld(high, plane, 28 - 4 * j);
        asm.vpsrld(high, high, 28);
        asm.vpmulld(high, high, FACTOR);
      } else { // two bits of each byte
        asm.vprold(high, plane, 4 - 2 * (j % 4) & 31);
      }
      asm.vpternlogd(w + v, high, HIGH_MASK, OR_AND);
    }
  }

  /** A word in every lane. */
  private void constant(int v, int bits) {
    asm.mov(RAX, bits);
    asm.vpbroadcastd(v, RAX);
  }
}
