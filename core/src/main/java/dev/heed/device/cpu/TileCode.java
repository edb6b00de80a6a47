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

/**
 * Machine code that multiplies rows of integers by panels of 2 x 16 columns, in groups of 32
 * elements of k. As a C function under System V's calling convention:
 *
 * <pre>
 * void kernel(float c[panels][m][32], x, long xStride, long m, panel, long panels, long groups, scratch)
 * </pre>
 *
 * <p>c += x times consecutive panels; nothing may be 0. For each chunk of 8 groups a panel is made
 * ready, then tiles of rows read it: a tile keeps {@code 2 * rows} vectors of sums in F32 and as
 * many of integers.
 */
abstract class TileCode {
  /** Columns of a panel that a vector holds. */
  static final int LANES = 16;

  /** Most rows of a tile: 4 vectors each, and 3 more, of 32. */
  static final int ROWS = 6;

  /** Bytes of a row of c. */
  static final int COLUMNS = 2 * LANES * 4;

  private static final Register[] SAVED = {RBX, RBP, R12, R13, R14, R15};

  // On the stack, and where the caller left what registers did not hold.
  private static final Address M = RSP.at(0);
  private static final Address X = RSP.at(8);
  private static final Address PANELS = RSP.at(16);
  private static final Address GROUPS = RSP.at(24);
  private static final int FRAME = 40;
  private static final int ARGUMENTS = FRAME + 8 * SAVED.length + 8;

  // What registers hold throughout.
  private static final Register C = RDI; // of the panel
  private static final Register STRIDE = RDX;
  private static final Register STRIDE3 = R14;
  private static final Register STRIDE5 = R13;
  private static final Register X_CHUNK = R10;
  private static final Register LEFT = R11; // groups
  private static final Register ROWS_LEFT = R12;
  private static final Register C_ROW = RBP;

  /** Groups of the chunk. */
  static final Address CHUNK = RSP.at(32);

  /** What is read next of the panel. */
  static final Register PANEL = R8;

  /** The first row of a tile. */
  static final Register X_ROW = RBX;

  /** Scratch. */
  static final Register MEMORY = R15;

  /** Free for loops. */
  static final Register COUNT = R9;

  final Assembler asm = new Assembler();

  /** Bytes of a group of x. */
  private final int record;

  /** Code for x of so many bytes a group. */
  TileCode(int record) {
    this.record = record;
  }

  /**
   * Makes {@link #CHUNK} groups ready, which {@link #COUNT} counts too, and may move {@link #PANEL}
   * on to where tiles read.
   */
  abstract void ready();

  /** Whether tiles read from the panel, not from scratch. */
  abstract boolean inPlace();

  /** Sums += what is added once a chunk; RAX, RSI and {@link #COUNT} are free. */
  abstract void begin(int rows);

  /**
   * Sums += a group of the rows, at RAX, times one of the panel, at RCX, both of which are then
   * moved on. Vectors: sums in F32 from 0 on, behind them as many for integers, then free ones.
   */
  abstract void group(int rows);

  /** The code. */
  final byte[] kernel() {
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
    ready();
    rows();
    if (inPlace()) {
      asm.mov(PANEL, RCX); // where a tile has come to
    }
    asm.mov(RAX, CHUNK);
    asm.sub(LEFT, RAX);
    asm.imul(RAX, RAX, record);
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

  private void tile(int rows) {
    for (int v = 0; v < 2 * rows; v++) {
      asm.vmovups(v, C_ROW.at(64 * v));
    }
    begin(rows);
    asm.mov(RAX, X_ROW);
    asm.mov(RCX, inPlace() ? PANEL : MEMORY);
    asm.mov(COUNT, CHUNK);
    Label next = new Label();
    asm.bind(next);
    group(rows);
    asm.sub(COUNT, 1);
    asm.jne(next);
    for (int v = 0; v < 2 * rows; v++) {
      asm.vmovups(C_ROW.at(64 * v), v);
    }
  }

  /** An offset into row {@code r} behind a base. */
  static Address row(Register base, int r, int offset) {
    return switch (r) {
      case 0 -> base.at(offset);
      case 1, 2, 4 -> base.plus(STRIDE, r, offset);
      case 3, 6 -> base.plus(STRIDE3, r / 3, offset);
      case 5 -> base.plus(STRIDE5, 1, offset);
      default -> throw new IllegalArgumentException("row " + r);
    };
  }
}
