package dev.heed.device.cpu;

import static dev.heed.device.cpu.x86.Register.R10;
import static dev.heed.device.cpu.x86.Register.R11;
import static dev.heed.device.cpu.x86.Register.R12;
import static dev.heed.device.cpu.x86.Register.R13;
import static dev.heed.device.cpu.x86.Register.R14;
import static dev.heed.device.cpu.x86.Register.R15;
import static dev.heed.device.cpu.x86.Register.R8;
import static dev.heed.device.cpu.x86.Register.R9;
import static dev.heed.device.cpu.x86.Register.RAX;
import static dev.heed.device.cpu.x86.Register.RBP;
import static dev.heed.device.cpu.x86.Register.RBX;
import static dev.heed.device.cpu.x86.Register.RCX;
import static dev.heed.device.cpu.x86.Register.RDI;
import static dev.heed.device.cpu.x86.Register.RDX;
import static dev.heed.device.cpu.x86.Register.RSI;
import static dev.heed.device.cpu.x86.Register.RSP;

import dev.heed.device.cpu.x86.Address;
import dev.heed.device.cpu.x86.Assembler;
import dev.heed.device.cpu.x86.Label;
import dev.heed.device.cpu.x86.Register;
import dev.heed.tensor.DType;

/**
 * Machine code for products of {@link ByteOperand} and panels of 2 x 16 columns with AVX-512's
 * {@code vpdpbusd}, which adds up 64 products of bytes. As a C function under System V's calling
 * convention:
 *
 * <pre>
 * void kernel(float c[panels][m][32], x, long xStride, long m, panel, long panels, long groups, scratch)
 * </pre>
 *
 * <p>c += x times consecutive panels over {@code groups} groups of 32 elements; nothing may be 0.
 * For each chunk of 8 groups scales and quants of a panel are expanded into scratch ({@link
 * PanelCode}), then tiles of rows read them: a tile keeps {@code 2 * rows} vectors of sums in F32
 * and as many of integers. A kernel for one row takes quants straight from the panel. Sums are
 * those of {@link PanelMath#multiplyRounded}, bit for bit.
 */
final class DotProductCode {
  /** Columns of a panel that a vector holds. */
  static final int LANES = 16;

  /** Most rows of a tile: 4 vectors each, and 3 more, of 32. */
  static final int ROWS = 6;

  /** Bytes of scratch. */
  static final int SCRATCH = PanelCode.SCRATCH;

  private static final Register[] SAVED = {RBX, RBP, R12, R13, R14, R15};
  private static final int COLUMNS = 2 * LANES * 4; // bytes

  // On the stack, and where the caller left what registers did not hold.
  private static final Address M = RSP.at(0);
  private static final Address X = RSP.at(8);
  private static final Address PANELS = RSP.at(16);
  private static final Address GROUPS = RSP.at(24);
  private static final Address CHUNK = RSP.at(32);
  private static final int FRAME = 40;
  private static final int ARGUMENTS = FRAME + 8 * SAVED.length + 8;

  // What registers hold throughout.
  private static final Register C = RDI; // of the panel
  private static final Register PANEL = R8; // what is read next of it
  private static final Register STRIDE = RDX;
  private static final Register STRIDE3 = R14;
  private static final Register STRIDE5 = R13;
  private static final Register X_CHUNK = R10;
  private static final Register LEFT = R11; // groups
  private static final Register ROWS_LEFT = R12;
  private static final Register X_ROW = RBX;
  private static final Register C_ROW = RBP;
  private static final Register MEMORY = R15; // scratch
  private static final Register COUNT = R9;

  private final Assembler asm = new Assembler();
  private final DType type;
  private final int size;
  private final int record;
  private final PanelCode panel;

  private DotProductCode(DType type, boolean expand) {
    this.type = type;
    size = PanelLayout.group(type);
    record = ByteOperand.record(type);
    panel = new PanelCode(asm, type, expand);
  }

  /**
   * Whether a type has two kernels: quants of 5 and 6 bits take longer to put together than to
   * load, so that for more than one tile of rows they are expanded first.
   */
  static boolean expands(DType type) {
    return PanelCode.bits(type) == 5 || PanelCode.bits(type) == 6;
  }

  /** The code for any number of rows. */
  static byte[] rows(DType type) {
    return new DotProductCode(type, expands(type)).kernel();
  }

  /** The same, but the faster one for up to {@link #ROWS} rows. */
  static byte[] few(DType type) {
    return new DotProductCode(type, false).kernel();
  }

  private byte[] kernel() {
    for (Register r : SAVED) {
      asm.push(r);
    }
    asm.sub(RSP, FRAME);
    asm.mov(X, RSI);
    asm.mov(M, RCX);
    asm.mov(PANELS, R9);
    asm.mov(RAX, RSP.at(ARGUMENTS));
    asm.mov(GROUPS, RAX);
    asm.mov(MEMORY, RSP.at(ARGUMENTS + 8));
    asm.lea(STRIDE3, STRIDE.plus(STRIDE, 2, 0));
    asm.lea(STRIDE5, STRIDE.plus(STRIDE, 4, 0));
    Label nextPanel = new Label();
    asm.bind(nextPanel);
    panel();
    asm.mov(RAX, M);
    asm.imul(RAX, RAX, COLUMNS);
    asm.add(C, RAX);
    asm.mov(RAX, PANELS);
    asm.sub(RAX, 1);
    asm.mov(PANELS, RAX);
    asm.jne(nextPanel);
    asm.vzeroupper();
    asm.add(RSP, FRAME);
    for (int i = SAVED.length; i-- > 0; ) {
      asm.pop(SAVED[i]);
    }
    asm.ret();
    return asm.toBytes();
  }

  /** All of k, in chunks of 8 groups or less. */
  private void panel() {
    asm.mov(X_CHUNK, X);
    asm.mov(LEFT, GROUPS);
    Label nextChunk = new Label();
    asm.bind(nextChunk);
    Label whole = new Label();
    asm.mov(COUNT, LEFT);
    asm.cmp(COUNT, 9);
    asm.jl(whole);
    asm.mov(COUNT, 8);
    asm.bind(whole);
    asm.mov(CHUNK, COUNT);
    panel.scales(PANEL, MEMORY, COUNT);
    panel.quants(PANEL, MEMORY, CHUNK, COUNT);
    rows();
    if (panel.inPlace()) {
      asm.mov(PANEL, RCX); // where a tile has come to
    }
    asm.mov(RAX, CHUNK);
    asm.sub(LEFT, RAX);
    asm.imul(RAX, RAX, 32 / size * record);
    asm.add(X_CHUNK, RAX);
    asm.cmp(LEFT, 0);
    asm.jne(nextChunk);
  }

  /** All rows in tiles: the largest ones, then one of what is left. */
  private void rows() {
    asm.mov(ROWS_LEFT, M);
    asm.mov(X_ROW, X_CHUNK);
    asm.mov(C_ROW, C);
    Label done = new Label();
    Label again = new Label();
    asm.bind(again);
    for (int rows = ROWS; rows > 0; rows--) {
      Label fewer = new Label();
      asm.cmp(ROWS_LEFT, rows);
      asm.jl(fewer);
      tile(rows);
      if (rows == ROWS) {
        asm.lea(X_ROW, row(X_ROW, ROWS, 0));
        asm.add(C_ROW, ROWS * COLUMNS);
        asm.sub(ROWS_LEFT, ROWS);
        asm.jmp(again);
      } else {
        asm.jmp(done);
      }
      asm.bind(fewer);
    }
    asm.bind(done);
  }

  /** Vectors: sums in F32 from 0 on, integers behind them, then two of weights and one of x. */
  private void tile(int rows) {
    for (int v = 0; v < 2 * rows; v++) {
      asm.vmovups(v, C_ROW.at(64 * v));
    }
    if (PanelLayout.hasMinimum(type)) {
      minima(rows);
    }
    asm.mov(RAX, X_ROW);
    asm.mov(RCX, panel.inPlace() ? PANEL : MEMORY);
    asm.lea(RSI, MEMORY.at(PanelCode.SCALES));
    asm.mov(COUNT, CHUNK);
    Label next = new Label();
    asm.bind(next);
    for (int part = 0; part < 32 / size; part++) {
      group(rows, part);
    }
    asm.add(RAX, 32 / size * record);
    asm.add(RCX, panel.step());
    asm.add(RSI, 32 / size * COLUMNS);
    asm.sub(COUNT, 1);
    asm.jne(next);
    for (int v = 0; v < 2 * rows; v++) {
      asm.vmovups(C_ROW.at(64 * v), v);
    }
  }

  /** Sums += totals of x times minima. */
  private void minima(int rows) {
    int w = 4 * rows;
    asm.mov(RAX, X_ROW);
    asm.lea(RSI, MEMORY.at(PanelCode.MINIMA));
    asm.mov(COUNT, CHUNK);
    Label next = new Label();
    asm.bind(next);
    asm.vmovups(w, RSI.at(0));
    asm.vmovups(w + 1, RSI.at(64));
    for (int r = 0; r < rows; r++) {
      asm.vpbroadcastd(w + 2, row(RAX, r, size + ByteOperand.TOTAL));
      asm.vfmadd231ps(2 * r, w, w + 2);
      asm.vfmadd231ps(2 * r + 1, w + 1, w + 2);
    }
    asm.add(RAX, record);
    asm.add(RSI, COLUMNS);
    asm.sub(COUNT, 1);
    asm.jne(next);
  }

  /**
   * Sums += (scale of w times the exact sum) times scale of x, for a group of 32 or half of one.
   */
  private void group(int rows, int part) {
    int sum = 2 * rows;
    int w = 4 * rows;
    int x = w + 2;
    int at = part * record;
    panel.beginGroup(RCX, part);
    for (int r = 0; r < rows; r++) {
      asm.vpbroadcastd(sum + 2 * r, row(RAX, r, at + size + ByteOperand.START));
      asm.vmovaps(sum + 2 * r + 1, sum + 2 * r);
    }
    for (int j = 0; j < size / 4; j++) {
      panel.weights(w, RCX, part * size / 4 + j);
      for (int r = 0; r < rows; r++) {
        asm.vpbroadcastd(x, row(RAX, r, at + 4 * j));
        asm.vpdpbusd(sum + 2 * r, w, x);
        asm.vpdpbusd(sum + 2 * r + 1, w + 1, x);
      }
    }
    asm.vmovups(w, RSI.at(part * COLUMNS));
    asm.vmovups(w + 1, RSI.at(part * COLUMNS + 64));
    for (int r = 0; r < rows; r++) {
      asm.vpbroadcastd(x, row(RAX, r, at + size + ByteOperand.FACTOR));
      for (int v = 0; v < 2; v++) {
        int y = sum + 2 * r + v;
        asm.vcvtdq2ps(y, y);
        asm.vmulps(y, y, w + v);
        asm.vfmadd231ps(2 * r + v, y, x);
      }
    }
  }

  /** An offset into row {@code r} behind a base. */
  private static Address row(Register base, int r, int offset) {
    return switch (r) {
      case 0 -> base.at(offset);
      case 1, 2, 4 -> base.plus(STRIDE, r, offset);
      case 3, 6 -> base.plus(STRIDE3, r / 3, offset);
      case 5 -> base.plus(STRIDE5, 1, offset);
      default -> throw new IllegalArgumentException("row " + r);
    };
  }
}
