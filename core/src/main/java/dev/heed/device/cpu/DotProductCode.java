package dev.heed.device.cpu;

import static dev.heed.device.cpu.x86.Register.RAX;
import static dev.heed.device.cpu.x86.Register.RCX;
import static dev.heed.device.cpu.x86.Register.RSI;

import dev.heed.device.cpu.x86.Label;
import dev.heed.tensor.DType;

/**
 * {@link TileCode} for products of {@link ByteOperand} and panels of block types with AVX-512's
 * {@code vpdpbusd}, which adds up 64 products of bytes. Scales and quants of a chunk are expanded
 * into scratch first ({@link PanelCode}); a kernel for one row takes quants straight from the
 * panel. Sums are those of {@link PanelMath#multiplyRounded}, bit for bit.
 */
final class DotProductCode extends TileCode {
  /** Bytes of scratch. */
  static final int SCRATCH = PanelCode.SCRATCH;

  private final DType type;
  private final int size;
  private final int record;
  private final PanelCode panel;

  private DotProductCode(DType type, boolean expand) {
    super(32 / PanelLayout.group(type) * ByteOperand.record(type));
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

  @Override
  void ready() {
    panel.scales(PANEL, MEMORY, COUNT);
    panel.quants(PANEL, MEMORY, CHUNK, COUNT);
  }

  @Override
  boolean inPlace() {
    return panel.inPlace();
  }

  @Override
  void begin(int rows) {
    if (PanelLayout.hasMinimum(type)) {
      minima(rows);
    }
    asm.lea(RSI, MEMORY.at(PanelCode.SCALES));
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

  @Override
  void group(int rows) {
    for (int part = 0; part < 32 / size; part++) {
      part(rows, part);
    }
    asm.add(RAX, 32 / size * record);
    asm.add(RCX, panel.step());
    asm.add(RSI, 32 / size * COLUMNS);
  }

  /**
   * Sums += (scale of w times the exact sum) times scale of x, for a group of 32 or half of one.
   */
  private void part(int rows, int part) {
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
}
