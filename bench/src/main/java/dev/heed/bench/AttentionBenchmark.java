package dev.heed.bench;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.nn.AdditiveAttention;
import dev.heed.nn.DenseAttention;
import dev.heed.nn.Linear;
import dev.heed.nn.ScaledDotProductAttention;
import dev.heed.op.Ops;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
 * Additive (Bahdanau et al. 2015) beside scaled dot-product attention (Vaswani et al. 2017) on the
 * device that {@code HEED_DEVICE} names: as many queries as keys, one head, both with a projection
 * of queries and of keys to the same width. Normal data.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-Xmx2g"
    })
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 1)
public class AttentionBenchmark {
  private static final long SCRATCH = 64L << 20;

  /** Queries, and keys. */
  @Param({"16", "64", "256", "1024"})
  public int tokens;

  /** Elements of queries, keys and values, and of the additive hidden layer. */
  @Param("64")
  public int width;

  private final Arena arena = Arena.ofShared();
  private final Random random = new Random(1);
  private Device device;
  private CommandQueue queue;
  private Workspace workspace;
  private Ops ops;
  private Tensor x;
  private AdditiveAttention additive;
  private DenseAttention dotProduct;

  /** Makes weights and inputs. */
  @Setup
  public void setup() {
    device = Devices.best();
    queue = device.openQueue(SCRATCH, arena);
    long pairs = DType.F32.bytes((long) tokens * tokens * width);
    workspace = new Workspace(device, pairs + SCRATCH, arena);
    ops = new Ops(queue, workspace);
    Shape shape = Shape.of(1, tokens, width);
    x =
        Tensor.of(
            device.allocate(DType.F32.bytes(shape.elements()), Usage.STATE, arena),
            0,
            shape,
            DType.F32);
    queue.upload(normal(shape.elements(), 1), x);
    additive = new AdditiveAttention(linear(width), linear(width), linear(1));
    dotProduct = new DenseAttention(ScaledDotProductAttention.of(width));
  }

  private Linear linear(int outputs) {
    HostWeight weight =
        new HostWeight(
            "w",
            List.of(normal((long) outputs * width, 1 / Math.sqrt(width))),
            Shape.of(outputs, width),
            DType.F32,
            false,
            Use.MATRIX);
    return new Linear(
        List.of(new Linear.Part(device.pack(weight, queue, arena), Optional.empty())));
  }

  private MemorySegment normal(long n, double deviation) {
    MemorySegment values = arena.allocate(DType.F32.bytes(n), Float.BYTES);
    for (long i = 0; i < n; i++) {
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (random.nextGaussian() * deviation));
    }
    return values;
  }

  /** v^T tanh(W q + U k). */
  @Benchmark
  public void additive() {
    workspace.release(0);
    additive.attend(ops, workspace, x, x, x, Optional.empty());
    queue.synchronize();
  }

  /** (W q) (U k) / sqrt(d), with the projections of the additive attention. */
  @Benchmark
  public void dotProduct() {
    workspace.release(0);
    Tensor q = workspace.tensor(DType.F32, x.shape().toArray());
    Tensor k = workspace.tensor(DType.F32, x.shape().toArray());
    additive.query().forward(ops, q, x);
    additive.key().forward(ops, k, x);
    dotProduct.attend(ops, workspace, oneHead(q), oneHead(k), oneHead(x));
    queue.synchronize();
  }

  private Tensor oneHead(Tensor t) {
    return t.reshape(1, 1, tokens, width);
  }

  /** Frees all. */
  @TearDown
  public void close() {
    queue.close();
    device.close();
    arena.close();
  }
}
