package dev.heed.device.cpu;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/**
 * MatMul, Linear and GatedLinear. A tile of work is some rows of x times some panels of the weight,
 * with its sums in scratch; k runs in pieces that stay in cache. Sums start from 0 and add terms in
 * the order that {@link PanelMath} tells, so a row's bits do not depend on its batch.
 */
final class MatMulKernel implements Workers.Task {
  /** Most rows of x in a tile. */
  private static final int ROWS = 256;

  /** Most panels in a tile. */
  private static final int PANELS = 8;

  /** Most panels in a tile of one row. */
  private static final int ROW_PANELS = 128;

  /** Tiles for a thread: several, so that threads end together, but not too short to read. */
  private static final int TILES = 8;

  /** Multiplications worth waking another thread for. */
  private static final long GRAIN = 1 << 17;

  private final Workers workers;
  private final RowMath math;
  private final PanelMath panelMath;
  private final PanelLayout layout;
  private final PanelSource weights;
  private final BlockOperand blocks = new BlockOperand();
  private final RoundedOperand rounded = new RoundedOperand();
  private final DotProducts products;
  private final ByteOperand bytes = new ByteOperand();
  private final BlockFloatOperand blockFloats = new BlockFloatOperand();
  private final WideRows wide = new WideRows();
  private final long scratch;

  private final View x = new View();
  private final View out = new View();
  private final View residual = new View();
  private boolean hasResidual;
  private long bias;
  private Activation fn;
  private boolean gated;
  private long perWorker;

  /** Where the scratch for {@link BlockOperand} and the others begins. */
  private long operand;

  /** x for machine code, which then multiplies; else null. */
  private CodeOperand forCode;

  /** Whether x is a {@link RoundedOperand}. */
  private boolean isRounded;

  private long m;
  private long n;
  private int k;
  private long panels;
  private int tileRows;
  private int tilePanels;
  private long rowTiles;
  private long panelTiles;
  private long tiles;
  private long tilesPerTask;

  MatMulKernel(CpuDevice device, long scratch) {
    workers = device.workers();
    math = device.math();
    panelMath = device.panels();
    products = device.products();
    layout = panelMath.layout();
    weights = new PanelSource(panelMath, math);
    this.scratch = scratch;
  }

  /** Sums of a tile and a piece of a panel for each thread, and what blocks want of x. */
  static long scratchBytes(Tensor x, Tensor w, PanelLayout layout, int threads) {
    long rows = x.shape().leading();
    long k = x.shape().dim(-1);
    long operand = BlockOperand.bytes(rows, k);
    if (x.dtype().isBlock()) {
      long rounded = Math.max(RoundedOperand.bytes(rows, k), ByteOperand.bytes(rows, k));
      operand = Math.max(rounded, operand + WideRows.bytes(rows * k));
    } else if (w.layout() == Layout.ROUNDED) {
      operand = BlockFloatOperand.bytes(rows, k);
    }
    return threads * perWorker(rows, layout) + operand;
  }

  private static long perWorker(long rows, PanelLayout layout) {
    long sums = 4L * layout.rows() * Math.max(PANELS * Math.min(rows, ROWS), ROW_PANELS);
    return (sums + PanelSource.scratchBytes(layout) + 255) & -256;
  }

  void execute(Op.MatMul op) {
    execute(op.out(), op.x(), op.w(), op.transposeW(), Optional.empty(), Optional.empty());
    run();
  }

  void execute(Op.Linear op) {
    execute(op.out(), op.x(), op.w(), true, op.bias(), op.residual());
    fn = op.fn();
    run();
  }

  void execute(Op.GatedLinear op) {
    execute(op.out(), op.x(), op.w(), true, Optional.empty(), Optional.empty());
    fn = op.fn();
    gated = true;
    run();
  }

  private void execute(
      Tensor to,
      Tensor from,
      Tensor w,
      boolean transposeW,
      Optional<Tensor> addBias,
      Optional<Tensor> addResidual) {
    long rows = from.shape().leading();
    perWorker = perWorker(rows, layout);
    operand = scratch + workers.count() * perWorker;
    weights.of(w, transposeW);
    boolean integers = from.dtype().isBlock() && weights.blocks();
    boolean isBytes = integers && products.has(weights.type());
    isRounded = integers && !isBytes && RoundedOperand.fits(weights.type());
    forCode = isBytes ? bytes : weights.rounded() ? blockFloats : null;
    x.of(from);
    if (isBytes) {
      bytes.of(x, weights.type(), operand).compute(workers);
    } else if (weights.rounded()) {
      blockFloats.of(x, operand).compute(workers);
    } else if (isRounded) {
      rounded.of(x, weights.type(), operand).compute(workers);
    } else if (from.dtype().isBlock()) {
      wide.of(from, x, operand + BlockOperand.bytes(rows, x.length), workers);
    }
    out.of(to);
    hasResidual = addResidual.isPresent();
    if (hasResidual) {
      residual.of(addResidual.get());
    }
    bias = addBias.isPresent() ? Memory.address(addBias.get()) : 0;
    fn = Activation.IDENTITY;
    gated = false;
    Shape s = from.shape();
    n = out.length;
    k = Math.toIntExact(x.length);
    // Rows that one stride connects, all with the same weight.
    boolean even = x.dense() && out.dense() && (!hasResidual || residual.dense());
    if (w.shape().rank() > 2) {
      m = s.dim(-2);
    } else {
      m = s.rank() <= 2 || even ? x.count : x.count / s.dim(0);
    }
    sharedWeight = w.shape().rank() == 2;
  }

  private boolean sharedWeight;

  private void run() {
    panels = layout.panels(n);
    long batches = x.count / m;
    tileRows = (int) Math.min(m, ROWS);
    rowTiles = (m + tileRows - 1) / tileRows;
    // An even number: a single row is multiplied by two panels at a time.
    long most = (m == 1 ? ROW_PANELS : PANELS) / (gated ? 2 : 1);
    long others = batches * rowTiles;
    long share = (long) workers.count() * TILES;
    long wanted = (panels * others + share - 1) / share;
    tilePanels = (int) Math.max(2, Math.min(most, wanted + wanted % 2));
    panelTiles = (panels + tilePanels - 1) / tilePanels;
    tiles = others * panelTiles;
    long work = m * tilePanels * layout.rows() * k / rowTiles;
    tilesPerTask = Math.max(1, GRAIN / Math.max(1, work));
    if (weights.blocks() && !isRounded && forCode == null) {
      blocks.of(x, k, weights.type(), operand).compute(panelMath, workers);
    }
    workers.parallel(Math.toIntExact((tiles + tilesPerTask - 1) / tilesPerTask), this);
  }

  @Override
  public void run(int index, int worker) {
    long from = index * tilesPerTask;
    long to = Math.min(tiles, from + tilesPerTask);
    for (long t = from; t < to; t++) {
      long row = t % rowTiles * tileRows;
      long panel = t / rowTiles % panelTiles * tilePanels;
      long batch = t / rowTiles / panelTiles;
      int rows = (int) Math.min(tileRows, m - row);
      tile(batch, row, rows, panel, (int) Math.min(tilePanels, panels - panel), worker);
    }
  }

  private void tile(long batch, long row, int rows, long panel, int count, int worker) {
    long piece = scratch + worker * perWorker;
    long sums = piece + ((PanelSource.scratchBytes(layout) + 63) & -64);
    int panelSums = 4 * layout.rows() * rows;
    long gates = (long) count * panelSums;
    long first = batch * m + row;
    multiply(sharedWeight ? 0 : batch, first, rows, panel, count, sums, piece);
    if (gated) {
      multiply(0, first, rows, panel + panels, count, sums + gates, piece);
    }
    for (int p = 0; p < count; p++) {
      finish(first, rows, panel + p, sums + (long) p * panelSums, gates);
    }
  }

  /** sums[panel][rows][panel rows] = x times the panels. */
  private void multiply(
      long batch, long first, int rows, long panel, int count, long sums, long piece) {
    int panelSums = 4 * layout.rows() * rows;
    if (forCode != null) {
      Memory.zero(sums, (long) count * panelSums);
      if (k > 0) {
        weights.multiply(products, sums, forCode, first, rows, panel, count, piece);
      }
      return;
    }
    if (m == 1 && weights.direct() && (!weights.blocks() || isRounded || blocks.scalable())) {
      dots(first, panel, count, sums, piece);
      return;
    }
    Memory.zero(sums, (long) count * panelSums);
    for (int k0 = 0; k0 < k; k0 += PanelSource.DEPTH) {
      int depth = Math.min(PanelSource.DEPTH, k - k0);
      for (int p = 0; p < count; p++) {
        long to = sums + (long) p * panelSums;
        if (isRounded) {
          weights.multiply(to, rounded, first, rows, panel + p, k0, depth, piece);
        } else if (weights.blocks()) {
          weights.multiply(to, blocks, first, rows, panel + p, k0, depth, piece);
        } else {
          long w = weights.piece(batch, panel + p, k0, depth, piece);
          panelMath.multiply(to, x.at(first) + 4L * k0, x.stride(), rows, w, depth);
        }
      }
    }
  }

  /** One row, by two panels half the tile apart, so that each thread reads two long streams. */
  private void dots(long row, long panel, int count, long sums, long piece) {
    int half = (count + 1) / 2;
    long bytes = 4L * layout.rows();
    for (int p = 0; p < half; p++) {
      long c = sums + p * bytes;
      long d = c + half * bytes;
      long other = panel + Math.min(p + half, count - 1);
      if (isRounded) {
        weights.dot(c, d, rounded, panel + p, other, k, piece);
      } else if (weights.blocks()) {
        weights.dot(c, d, blocks, panel + p, other, k, piece);
      } else {
        weights.dot(c, d, x.at(row), panel + p, other, k);
      }
    }
  }

  /** Bias, activation, gate, residual; and out it goes. */
  private void finish(long first, int rows, long panel, long sums, long gates) {
    long column = panel * layout.rows();
    int columns = (int) Math.min(layout.rows(), n - column);
    long values = (long) rows * layout.rows();
    if (bias != 0) {
      panelMath.addBias(sums, rows, bias + 4 * column, columns);
    }
    if (fn != Activation.IDENTITY) {
      math.activate(sums, sums, values, fn, 1, 1);
    }
    if (gated) {
      math.mul(sums, sums, sums + gates, values);
    }
    long from = hasResidual ? residual.at(first) + 4 * column : 0;
    long stride = hasResidual ? residual.stride() : 0;
    panelMath.store(out.at(first) + 4 * column, out.stride(), from, stride, sums, rows, columns);
  }
}
