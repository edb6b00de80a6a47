package dev.heed.bench;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * x [m, k] times packed weights [n, k] on the embedded CPU device or another, such as {@code -p
 * device=opencl:0}. Normal data; for few rows, where the weights' way from memory is the work, more
 * copies of the weights than the caches hold. Packing is not timed. {@code flops} counts 2 m n k,
 * {@code weightBytes} the packed weights read, each per microsecond: divide by 1000 for GFLOP/s and
 * GB/s.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-Xmx2g"
    })
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
public class MatMulBenchmark {
  private static final long CACHES = 256L << 20;

  /** Rows, columns, depth: squares as OpenBLAS is asked, layers of MiniLM and of a 1.1 B Llama. */
  @Param({
    "1024x1024x1024",
    "1536x1536x1536",
    "2048x2048x2048",
    "256x384x384",
    "256x1152x384",
    "256x1536x384",
    "256x384x1536",
    "256x2048x2048",
    "256x11264x2048",
    "256x2048x5632",
    "1x2048x2048",
    "1x11264x2048",
    "1x2048x5632",
    "1x32000x2048"
  })
  public String shape;

  /** How the weights are stored. */
  @Param({"F32", "F16", "BF16", "Q8_0", "Q4_0"})
  public DType type;

  /** The device, as {@code Devices.open} takes it. */
  @Param("cpu")
  public String device;

  private final Arena arena = Arena.ofShared();
  private Device opened;
  private CommandQueue queue;
  private Op[] ops;
  private int next;
  private long flops;
  private long bytes;

  /** What one product does, as rates beside the products per microsecond. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Work {
    /** Floating-point operations. */
    public long flops;

    /** Bytes of packed weights. */
    public long weightBytes;

    /** Starts an iteration. */
    @Setup(org.openjdk.jmh.annotations.Level.Iteration)
    public void clear() {
      flops = 0;
      weightBytes = 0;
    }
  }

  /** Packs the weights. */
  @Setup
  public void setup() {
    String[] s = shape.split("x");
    long m = Long.parseLong(s[0]);
    long n = Long.parseLong(s[1]);
    long k = Long.parseLong(s[2]);
    opened = Devices.open(device);
    Random random = new Random(1);
    MemorySegment values = normal(random, n * k);
    MemorySegment stored = arena.allocate(type.bytes(n * k), 64);
    Quants.quantize(type, values, 0, stored, 0, n * k);
    var host = new HostWeight("w", List.of(stored), Shape.of(n, k), type, false, Use.MATRIX);
    Tensor x = tensor(m, k);
    MemorySegment.copy(normal(random, m * k), 0, x.buffer().handle(), 0, 4 * m * k);
    Tensor out = tensor(m, n);
    bytes = opened.packedBytes(host);
    flops = 2 * m * n * k;
    ops = new Op[m > 8 ? 1 : (int) (CACHES / bytes + 1)];
    try (CommandQueue packing = opened.openQueue(0, arena)) {
      for (int i = 0; i < ops.length; i++) {
        ops[i] = new Op.MatMul(out, x, opened.pack(host, packing, arena), true);
      }
    }
    queue = opened.openQueue(opened.scratchBytes(ops[0]), arena);
  }

  private MemorySegment normal(Random random, long n) {
    MemorySegment values = arena.allocate(4 * n, 64);
    for (long i = 0; i < n; i++) {
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    return values;
  }

  private Tensor tensor(long rows, long columns) {
    var buffer = opened.allocate(4 * rows * columns, Usage.STATE, arena);
    return Tensor.of(buffer, 0, Shape.of(rows, columns), DType.F32);
  }

  /** One product, each time with the next copy of the weights. */
  @Benchmark
  public void multiply(Work work) {
    queue.execute(ops[next]);
    queue.synchronize();
    next = (next + 1) % ops.length;
    work.flops += flops;
    work.weightBytes += bytes;
  }

  /** Frees all. */
  @TearDown
  public void close() {
    queue.close();
    opened.close();
    arena.close();
  }
}
