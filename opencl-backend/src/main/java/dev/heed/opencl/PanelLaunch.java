package dev.heed.opencl;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Launches of MatMul, Linear and GatedLinear with a weight in {@link Panels}: one row of x by the
 * row kernel, more in tiles, with the same bits.
 */
final class PanelLaunch implements Products {
  /** Work-items of the row kernel below which panels are not put together. */
  private static final int LEAST_ITEMS = 16;

  /** Work-items that each core gets, at least, where there are many rows: shares of equal size. */
  private static final int ITEMS_PER_CORE = 8;

  /** The same where all rows are one work-item's: copying them anew for each is what costs. */
  private static final int ITEMS_OF_FEW_ROWS = 2;

  /** Most panels of a work-item whose x is rounded: sums of more leave L1. */
  private static final int ROUNDED_PANELS = 4;

  private final KernelSet kernels;
  private final OpenClBuffer scratch;

  /** Rows of x that share an expanded piece of a panel: TILE_ROWS in the kernel. */
  private final int tileRows;

  /** Panels that a work-item for many rows has room for: TILE_PANELS in the kernel. */
  private final int tilePanels;

  private final int computeUnits;

  /** Panels that a work-item of the row kernel may take. */
  private final int together;

  /** Launches that keep in {@code scratch} what they want of x. */
  PanelLaunch(KernelSet kernels, Tuning tuning, OpenClBuffer scratch) {
    tileRows = tuning.get(Tunable.PANELS_TILE_ROWS);
    tilePanels = tuning.get(Tunable.PANELS_TILE_PANELS);
    computeUnits = kernels.computeUnits();
    together = tuning.get(Tunable.PANELS_TOGETHER);
    this.kernels = kernels;
    this.scratch = scratch;
  }

  /** Bytes for what many rows want of x: its sums, or x in block floating point. */
  static long scratchBytes(Tensor x, Tensor w) {
    long rows = x.shape().leading();
    long k = x.shape().dim(-1);
    if (rows <= 1 || !Panels.has(w) || x.dtype().isBlock()) {
      return 0;
    }
    return Panels.rounded(w)
        ? Panels.roundedRowsBytes(rows, k)
        : Panels.wantsSums(w.dtype()) ? rows * (k / 16) * Float.BYTES : 0;
  }

  @Override
  public void matmul(Op.MatMul op) {
    run(op.out(), op.x(), op.w(), Optional.empty(), Activation.IDENTITY, Optional.empty(), false);
  }

  @Override
  public void linear(Op.Linear op) {
    run(op.out(), op.x(), op.w(), op.bias(), op.fn(), op.residual(), false);
  }

  @Override
  public void gated(Op.GatedLinear op) {
    run(op.out(), op.x(), op.w(), Optional.empty(), op.fn(), Optional.empty(), true);
  }

  private void run(
      Tensor out,
      Tensor x,
      Tensor w,
      Optional<Tensor> bias,
      Activation fn,
      Optional<Tensor> residual,
      boolean gated) {
    long m = x.shape().leading();
    long panels = Panels.count(out.shape().dim(-1));
    boolean row = m == 1;
    Kind kind = Kind.of(x, w);
    boolean scratched = scratchBytes(x, w) > 0;
    if (scratched) {
      prepare(kind, x);
    }
    Entry entry = kind.entry(row, residual.isPresent(), gated);
    int dots = kind.hasDots ? kernels.dots().ordinal() : 0;
    kernels.of(entry).type(out.dtype()).type(x.dtype()).type(w.dtype()).code(fn.ordinal());
    if (kind.hasDots) {
      kernels.code(dots);
    }
    int shared = kind.hasDots ? 1 : together(panels);
    if (row && !kind.hasDots) {
      kernels.code(shared);
    }
    if (residual.isPresent()) {
      kernels.type(residual.get().dtype());
    }
    Kernel kernel = kernels.get().view(out).view(x).buffer((OpenClBuffer) w.buffer()).arg(0L);
    kernel.vector(bias).view(residual);
    if (scratched) {
      kernel.buffer(scratch);
    } else {
      kernel.noBuffer();
    }
    kernel.arg(Math.toIntExact(m)).arg(Math.toIntExact(out.shape().dim(-1)));
    kernel.arg(Math.toIntExact(x.shape().dim(-1)));
    if (row) {
      kernel.run(panels / shared, 1, 1);
    } else {
      runTiles(kernel, kind, m, panels, gated);
    }
  }

  private void runTiles(Kernel kernel, Kind kind, long m, long panels, boolean gated) {
    long blocks = (m + tileRows - 1) / tileRows;
    if (kind == Kind.BLOCK_FLOAT) {
      kernel.run(blocks, panels, 1);
      return;
    }
    int most = panelsOfTile(panels, blocks, gated);
    if (kind.hasDots) {
      most = Math.min(most, ROUNDED_PANELS);
    }
    kernel.arg(most).run(blocks, (panels + most - 1) / most, 1);
  }

  /**
   * Panels of a tile's work-item: as many as it has room for, but all cores have several items. The
   * same for all items where a number not much smaller allows it: drivers deal items out in halves.
   */
  private int panelsOfTile(long panels, long blocks, boolean gated) {
    long room = gated ? tilePanels / 2 : tilePanels;
    long leastItems = (long) computeUnits * (blocks == 1 ? ITEMS_OF_FEW_ROWS : ITEMS_PER_CORE);
    long most = Math.clamp(panels * blocks / leastItems, 1, room);
    for (long some = most; 2 * some > most; some--) {
      if (panels % some == 0) {
        return (int) some;
      }
    }
    long items = (panels + most - 1) / most;
    return (int) ((panels + items - 1) / items);
  }

  private int together(long panels) {
    return together(panels, together);
  }

  /** The most panels, up to {@code most}, a row's work-item may take: a divisor of their number. */
  static int together(long panels, int most) {
    while (most > 1 && (panels % most != 0 || panels / most < LEAST_ITEMS)) {
      most /= 2;
    }
    return most;
  }

  /** Writes to scratch what products of many rows want of x. */
  private void prepare(Kind kind, Tensor x) {
    int k = Math.toIntExact(x.shape().dim(-1));
    long rows = x.shape().leading();
    if (kind == Kind.BLOCK_FLOAT) {
      Kernel round = kernels.of(Entry.ROUND_ROWS).type(x.dtype()).get().view(x).buffer(scratch);
      round.arg(Math.toIntExact(rows)).arg(k).run(rows + rows % 2, 1, 1);
    } else {
      Kernel sums = kernels.of(Entry.PANEL_SUMS).type(x.dtype()).get().view(x).buffer(scratch);
      sums.arg(k).run(rows, 1, 1);
    }
  }

  /** Ways to multiply, and their kernels for one row and for many. */
  private enum Kind {
    /** Numbers as they are. */
    PANELS(
        false,
        List.of(Entry.MATVEC_PANELS, Entry.MATVEC_PANELS_RESIDUAL, Entry.MATVEC_PANELS_GATED),
        List.of(Entry.MATMUL_PANELS, Entry.MATMUL_PANELS_RESIDUAL, Entry.MATMUL_PANELS_GATED)),
    /** Quants by rows of x that were rounded to Q8_0. */
    ROUNDED(
        true,
        List.of(Entry.MATVEC_ROUNDED, Entry.MATVEC_ROUNDED_RESIDUAL, Entry.MATVEC_ROUNDED_GATED),
        List.of(Entry.MATMUL_ROUNDED, Entry.MATMUL_ROUNDED_RESIDUAL, Entry.MATMUL_ROUNDED_GATED)),
    /** Both in block floating point. */
    BLOCK_FLOAT(
        true,
        List.of(
            Entry.MATVEC_BLOCK_FLOAT,
            Entry.MATVEC_BLOCK_FLOAT_RESIDUAL,
            Entry.MATVEC_BLOCK_FLOAT_GATED),
        List.of(
            Entry.MATMUL_BLOCK_FLOAT,
            Entry.MATMUL_BLOCK_FLOAT_RESIDUAL,
            Entry.MATMUL_BLOCK_FLOAT_GATED));

    /** Whether integers are multiplied, by {@link Dots}. */
    final boolean hasDots;

    private final List<Entry> row;
    private final List<Entry> tile;

    /** A way, each with its kernels: plain, with a residual, gated. */
    Kind(boolean hasDots, List<Entry> row, List<Entry> tile) {
      this.hasDots = hasDots;
      this.row = row;
      this.tile = tile;
    }

    static Kind of(Tensor x, Tensor w) {
      return Panels.rounded(w) ? BLOCK_FLOAT : x.dtype().isBlock() ? ROUNDED : PANELS;
    }

    Entry entry(boolean oneRow, boolean residual, boolean gated) {
      return (oneRow ? row : tile).get(residual ? 1 : gated ? 2 : 0);
    }
  }
}
