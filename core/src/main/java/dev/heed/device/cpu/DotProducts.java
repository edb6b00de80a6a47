package dev.heed.device.cpu;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.heed.device.cpu.x86.CodeMemory;
import dev.heed.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Products of {@link ByteOperand} or {@link BlockFloatOperand} and packed panels by machine code
 * made at run time ({@link TileCode}): the Vector API has no instruction that multiplies bytes and
 * adds them up. A type's code is made when it is first asked for.
 */
final class DotProducts implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CpuDevice.class);

  /** Code for any number of rows, and for few. */
  private record Kernels(MemorySegment rows, MemorySegment few) {}

  /** What makes code callable, see {@link CodeMemory#load}. */
  interface Loader {
    /** Empty where the system does not allow it. */
    Optional<MemorySegment> load(byte[] code, Arena owner);
  }

  private final Arena arena = Arena.ofShared();
  private final Loader loader;
  private final Kernels[] kernels = new Kernels[DType.values().length];
  private boolean possible;

  /**
   * Products with panels laid out so.
   *
   * @param possible false if there are to be none; else the processor has what {@link
   *     Processor#mayRunCode} tells
   */
  DotProducts(PanelLayout layout, boolean possible) {
    this(layout, possible, CodeMemory::load);
  }

  /** The same with another way to load code. */
  DotProducts(PanelLayout layout, boolean possible, Loader loader) {
    this.loader = loader;
    this.possible = possible && layout.lanes() == DotProductCode.LANES;
  }

  /**
   * Whether weights of a type can be multiplied so: of a block type, F16 or BF16. Says once if the
   * system forbids it.
   */
  synchronized boolean has(DType type) {
    if (possible && kernels[type.ordinal()] == null) {
      byte[] code = type.isBlock() ? DotProductCode.rows(type) : BlockFloatCode.rows();
      Optional<MemorySegment> rows = loader.load(code, arena);
      Optional<MemorySegment> few =
          type.isBlock() && DotProductCode.expands(type)
              ? loader.load(DotProductCode.few(type), arena)
              : rows;
      possible = rows.isPresent() && few.isPresent();
      if (possible) {
        kernels[type.ordinal()] = new Kernels(rows.get(), few.get());
      } else {
        LOG.warn(
            "The system does not let the CPU device run machine code that it makes:"
                + " rounded activations are multiplied by the Vector API, at half the speed"
                + " (-Dheed.cpu.code=false does that at once)");
      }
    }
    return possible;
  }

  /**
   * c += m rows of x times consecutive panels.
   *
   * @param type of the weight, which {@link #has} said yes to
   * @param c F32 [panels][m][panel rows]
   * @param x of which rows from {@code first} on are taken
   * @param panels address of the first panel, whose scales are finite
   * @param count of panels
   * @param scratch {@link DotProductCode#SCRATCH} bytes
   */
  void multiply(
      DType type, long c, CodeOperand x, long first, int m, long panels, int count, long scratch) {
    Objects.checkFromIndexSize(first, m, x.rows());
    int groups = x.groups();
    if (m == 0 || count <= 0 || groups == 0 || 32L * groups % type.blockSize() != 0) {
      throw new IllegalArgumentException(
          "%s: %d rows of %d groups, %d panels".formatted(type, m, groups, count));
    }
    Kernels code = kernels[type.ordinal()];
    MemorySegment kernel = m <= DotProductCode.ROWS ? code.few : code.rows;
    Call.kernel(kernel, c, x.at(first), x.stride(), m, panels, count, groups, scratch);
  }

  /** Frees the code. Twice is harmless. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  /** Linked when it is first needed. */
  @SuppressWarnings("restricted")
  private static final class Call {
    private static final MethodHandle KERNEL =
        Linker.nativeLinker()
            .downcallHandle(
                FunctionDescriptor.ofVoid(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                    JAVA_LONG));

    /** See {@link DotProductCode}. */
    static void kernel(
        MemorySegment code,
        long c,
        long x,
        long stride,
        long m,
        long panel,
        long panels,
        long groups,
        long scratch) {
      try {
        KERNEL.invokeExact(code, c, x, stride, m, panel, panels, groups, scratch);
      } catch (Throwable t) {
        throw new IllegalStateException("machine code cannot be called", t);
      }
    }
  }
}
