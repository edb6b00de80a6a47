package dev.heed.device.cpu;

import dev.heed.tensor.DType;
import java.lang.foreign.Arena;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Plain loops until the vector kernels are compiled: a vector operation that the interpreter runs
 * takes microseconds, and the first tokens would wait for them. A thread in the background runs the
 * vector kernels on zeros until they are fast; results have the same bits either way.
 */
final class WarmingPanels implements PanelMath, AutoCloseable {
  /** Rows of x in a trial: one of each tile. */
  private static final int ROWS = 15;

  /** Elements of k in a trial of tiles: few, for compilation waits for calls. */
  private static final int SHORT = 32;

  private static final int DEPTH = PanelSource.DEPTH;

  /** Compiled, a trial takes a few microseconds; interpreted, hundreds. */
  private static final long FAST_NANOS = 20_000;

  /** After that, a kernel is used as it is. */
  private static final long PATIENCE_NANOS = 20_000_000_000L;

  /** Slot of the kernels that all types share. */
  private static final int TILES = DType.values().length;

  /** Slot of the first type's kernels for 8-bit activations. */
  private static final int ROUNDED = TILES + 1;

  private static final int COLD = 0;
  private static final int ASKED = 1;
  private static final int WARM = 2;

  private final PanelMath plain;
  private final PanelMath vectors;
  private final AtomicIntegerArray states = new AtomicIntegerArray(ROUNDED + TILES);
  private final BlockingQueue<Integer> asked = new LinkedBlockingQueue<>();
  private final Thread thread =
      Thread.ofPlatform().daemon().name("heed-cpu-warm").unstarted(this::warm);
  private volatile boolean closed;

  WarmingPanels(PanelMath vectors) {
    this.vectors = vectors;
    plain = new ScalarPanels(vectors.layout());
    thread.start();
  }

  /** Says that weights of this type will be used soon. */
  void expect(DType type) {
    ask(TILES);
    ask(type.ordinal());
  }

  private void ask(int slot) {
    if (states.compareAndSet(slot, COLD, ASKED)) {
      asked.add(slot);
    }
  }

  private PanelMath tiles() {
    return at(TILES);
  }

  private PanelMath of(DType type) {
    return at(type.ordinal());
  }

  private PanelMath rounded(DType type) {
    return at(ROUNDED + type.ordinal());
  }

  private PanelMath at(int slot) {
    if (states.get(slot) == WARM) {
      return vectors;
    }
    ask(slot);
    return plain;
  }

  @Override
  public PanelLayout layout() {
    return vectors.layout();
  }

  @Override
  public void multiply(long c, long x, long xStride, int m, long panel, int k) {
    tiles().multiply(c, x, xStride, m, panel, k);
  }

  @Override
  public void multiplyBlocks(
      DType type,
      long c,
      BlockOperand x,
      long row,
      int m,
      int k0,
      long quants,
      long scales,
      int k) {
    of(type).multiplyBlocks(type, c, x, row, m, k0, quants, scales, k);
  }

  @Override
  public void expand(DType type, long out, long panel, int k) {
    of(type).expand(type, out, panel, k);
  }

  @Override
  public void expandBlocks(DType type, long out, long scales, long panel, int k) {
    of(type).expandBlocks(type, out, scales, panel, k);
  }

  @Override
  public void dot(DType type, long c, long d, long x, long a, long b, int k) {
    of(type).dot(type, c, d, x, a, b, k);
  }

  @Override
  public void dotBlocks(
      DType type, long c, long d, BlockOperand x, long a, long b, int k, long scratch) {
    of(type).dotBlocks(type, c, d, x, a, b, k, scratch);
  }

  @Override
  public void totals(long to, long x, int size, int groups) {
    tiles().totals(to, x, size, groups);
  }

  @Override
  public long range(long x, int k) {
    return tiles().range(x, k);
  }

  @Override
  public void scale(long to, long x, int k, float factor) {
    tiles().scale(to, x, k, factor);
  }

  @Override
  public void expandRounded(DType type, long out, long scales, long panel, int k) {
    rounded(type).expandRounded(type, out, scales, panel, k);
  }

  @Override
  public void multiplyRounded(
      DType type,
      long c,
      RoundedOperand x,
      long row,
      int m,
      int k0,
      long quants,
      long scales,
      int k,
      long scratch) {
    rounded(type).multiplyRounded(type, c, x, row, m, k0, quants, scales, k, scratch);
  }

  @Override
  public void dotRounded(
      DType type, long c, long d, RoundedOperand x, long a, long b, int k, long scratch) {
    rounded(type).dotRounded(type, c, d, x, a, b, k, scratch);
  }

  @Override
  public void addBias(long c, int m, long bias, int columns) {
    tiles().addBias(c, m, bias, columns);
  }

  @Override
  public void store(
      long out, long outStride, long residual, long residualStride, long c, int m, int columns) {
    tiles().store(out, outStride, residual, residualStride, c, m, columns);
  }

  private void warm() {
    long floats = 4L * layout().rows() * DEPTH;
    try (Arena arena = Arena.ofConfined()) {
      // Sums, x, a panel (of any type), an expanded panel, scratch.
      long operand = Math.max(BlockOperand.bytes(ROWS, DEPTH), RoundedOperand.bytes(ROWS, DEPTH));
      long memory = arena.allocate(4 * floats + SCRATCH + operand, 256).address();
      while (!closed) {
        int slot = asked.take();
        long end = System.nanoTime() + PATIENCE_NANOS;
        long took = Long.MAX_VALUE;
        while (!closed && took > FAST_NANOS && System.nanoTime() < end) {
          long start = System.nanoTime();
          trial(slot, memory, floats);
          took = System.nanoTime() - start;
        }
        states.set(slot, WARM);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  private void trial(int slot, long memory, long floats) {
    long x = memory + floats;
    long panel = x + floats;
    long scratch = panel + 2 * floats;
    if (slot == TILES) {
      vectors.multiply(memory, x, 0, ROWS, panel, SHORT);
      vectors.addBias(memory, ROWS, x, layout().rows());
      vectors.scale(x, panel, DEPTH, vectors.range(panel, DEPTH));
      vectors.totals(x, panel, 32, DEPTH / 32);
      vectors.store(x, 4L * layout().rows(), 0, 0, memory, ROWS, layout().rows());
      vectors.store(x, 4L * layout().rows(), panel, 0, memory, ROWS, layout().rows());
      return;
    }
    long other = memory + 4L * layout().rows();
    long out = panel + floats;
    if (slot >= ROUNDED) {
      DType type = DType.values()[slot - ROUNDED];
      View rows = new View().of(x, ROWS, DEPTH);
      RoundedOperand zeros = new RoundedOperand().of(rows, type, scratch + SCRATCH);
      vectors.dotRounded(type, memory, other, zeros, panel, panel, DEPTH, scratch);
      vectors.expandRounded(type, out, scratch, panel, DEPTH);
      long tile = out + floats / 2;
      vectors.multiplyRounded(type, memory, zeros, 0, ROWS, 0, out, scratch, DEPTH, tile);
      return;
    }
    DType type = DType.values()[slot];
    if (type.isBlock()) {
      View rows = new View().of(x, ROWS, DEPTH);
      BlockOperand zeros = new BlockOperand().of(rows, DEPTH, type, scratch + SCRATCH);
      vectors.dotBlocks(type, memory, other, zeros, panel, panel, DEPTH, scratch);
      vectors.expandBlocks(type, out, scratch, panel, DEPTH);
      vectors.multiplyBlocks(type, memory, zeros, 0, ROWS, 0, out, scratch, DEPTH);
      return;
    }
    vectors.dot(type, memory, other, x, panel, panel, DEPTH);
    if (type != DType.F32) {
      vectors.expand(type, out, panel, DEPTH);
    }
  }

  /** Ends the thread. Twice is harmless. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
