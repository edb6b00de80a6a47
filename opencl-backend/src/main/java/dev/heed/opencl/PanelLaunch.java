package dev.heed.opencl;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tensor.Tensor;
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

  /** Most panels of a work-item whose x is rounded: sums of more leave L1. */
  private static final int ROUNDED_PANELS = 4;

  private final KernelSet kernels;
  private final OpenClBuffer scratch;

  /** Rows of x that share an expanded piece of a panel: TILE_ROWS in the kernel. */
  private final int tileRows;

  /** Panels that a work-item for many rows has room for: TILE_PANELS in the kernel. */
  private final int tilePanels;

  /** Work-items for many rows below which each gets fewer panels. */
  private final int leastItems;

  /** Panels that a work-item of the row kernel may take. */
  private final int together;

  /** Launches whose sums of x lie in {@code scratch}. */
  PanelLaunch(KernelSet kernels, Tuning tuning, OpenClBuffer scratch) {
    tileRows = tuning.get(Tunable.PANELS_TILE_ROWS);
    tilePanels = tuning.get(Tunable.PANELS_TILE_PANELS);
    leastItems = ITEMS_PER_CORE * kernels.computeUnits();
    together = tuning.get(Tunable.PANELS_TOGETHER);
    this.kernels = kernels;
    this.scratch = scratch;
  }

  /** Bytes for the sums of x that many rows want. */
  static long scratchBytes(Tensor x, Tensor w) {
    boolean wanted = Panels.has(w) && Panels.wantsSums(w.dtype()) && !x.dtype().isBlock();
    return wanted && x.shape().leading() > 1
        ? x.shape().leading() * (x.shape().dim(-1) / 16) * Float.BYTES
        : 0;
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
    boolean sums = scratchBytes(x, w) > 0;
    if (sums) {
      sums(x);
    }
    boolean rounded = x.dtype().isBlock();
    boolean row = m == 1;
    Entry entry =
        rounded
            ? rounded(row, residual.isPresent(), gated)
            : row ? row(residual.isPresent(), gated) : tile(residual.isPresent(), gated);
    int dots = rounded ? kernels.dots().ordinal() : 0;
    kernels.of(entry).type(out.dtype()).type(x.dtype()).type(w.dtype()).code(fn.ordinal());
    if (rounded) {
      kernels.code(dots);
    }
    int shared = rounded ? 1 : together(panels);
    if (row && !rounded) {
      kernels.code(shared);
    }
    if (residual.isPresent()) {
      kernels.type(residual.get().dtype());
    }
    Kernel kernel = kernels.get().view(out).view(x).buffer((OpenClBuffer) w.buffer()).arg(0L);
    kernel.vector(bias).view(residual);
    if (sums) {
      kernel.buffer(scratch);
    } else {
      kernel.noBuffer();
    }
    kernel.arg(Math.toIntExact(m)).arg(Math.toIntExact(out.shape().dim(-1)));
    kernel.arg(Math.toIntExact(x.shape().dim(-1)));
    if (row) {
      kernel.run(panels / shared, 1, 1);
    } else {
      long blocks = (m + tileRows - 1) / tileRows;
      int most = panelsOfTile(panels, blocks, gated);
      if (rounded) {
        most = Math.min(most, ROUNDED_PANELS);
      }
      kernel.arg(most).run(blocks, (panels + most - 1) / most, 1);
    }
  }

  /**
   * Panels of a tile's work-item: as many as it has room for, but all cores have several items. The
   * same for all items where a number not much smaller allows it: drivers deal items out in halves.
   */
  private int panelsOfTile(long panels, long blocks, boolean gated) {
    long room = gated ? tilePanels / 2 : tilePanels;
    long most = Math.clamp(panels * blocks / leastItems, 1, room);
    for (long some = most; 2 * some > most; some--) {
      if (panels % some == 0) {
        return (int) some;
      }
    }
    long items = (panels + most - 1) / most;
    return (int) ((panels + items - 1) / items);
  }

  /** The most panels a work-item of the row kernel may take: a divisor of their number. */
  private int together(long panels) {
    int most = together;
    while (most > 1 && (panels % most != 0 || panels / most < LEAST_ITEMS)) {
      most /= 2;
    }
    return most;
  }

  private void sums(Tensor x) {
    kernels
        .of(Entry.PANEL_SUMS)
        .type(x.dtype())
        .get()
        .view(x)
        .buffer(scratch)
        .arg(Math.toIntExact(x.shape().dim(-1)))
        .run(x.shape().leading(), 1, 1);
  }

  private static Entry row(boolean residual, boolean gated) {
    return residual
        ? Entry.MATVEC_PANELS_RESIDUAL
        : gated ? Entry.MATVEC_PANELS_GATED : Entry.MATVEC_PANELS;
  }

  private static Entry rounded(boolean row, boolean residual, boolean gated) {
    if (row) {
      return residual
          ? Entry.MATVEC_ROUNDED_RESIDUAL
          : gated ? Entry.MATVEC_ROUNDED_GATED : Entry.MATVEC_ROUNDED;
    }
    return residual
        ? Entry.MATMUL_ROUNDED_RESIDUAL
        : gated ? Entry.MATMUL_ROUNDED_GATED : Entry.MATMUL_ROUNDED;
  }

  private static Entry tile(boolean residual, boolean gated) {
    return residual
        ? Entry.MATMUL_PANELS_RESIDUAL
        : gated ? Entry.MATMUL_PANELS_GATED : Entry.MATMUL_PANELS;
  }
}
