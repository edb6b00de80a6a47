package dev.heed.bench;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import dev.heed.device.Recording;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a launch costs on the device that {@code HEED_DEVICE} names: microseconds an op, as many of
 * them in a row as a token of a small decoder takes. Each adds 64 numbers, so that there is nothing
 * else to measure. {@code -prof gc} tells the garbage.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-Xmx1g"
    })
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LaunchBenchmark {
  private static final int OPS = 200;

  private final Arena arena = Arena.ofShared();
  private final List<Op> ops = new ArrayList<>();
  private Device device;
  private CommandQueue queue;
  private Recording recording;

  /** Ops whose tensors take turns, so that arguments change from one to the next. */
  @Setup
  public void setup() {
    device = Devices.best();
    queue = device.openQueue(0, arena);
    Tensor x = vector();
    Tensor y = vector();
    queue.execute(new Op.Fill(x, 0));
    queue.execute(new Op.Fill(y, 0));
    for (int i = 0; i < OPS; i += 2) {
      ops.add(new Op.Add(x, x, y));
      ops.add(new Op.Add(y, y, x));
    }
    recording = queue.record(ops);
  }

  private Tensor vector() {
    return Tensor.allocate(device, Usage.STATE, arena, DType.F32, Shape.of(64));
  }

  /** The queue is empty before each measurement. */
  @Setup(Level.Invocation)
  public void drain() {
    queue.synchronize();
  }

  /** Enqueued op by op, not waited for. */
  @Benchmark
  @OperationsPerInvocation(OPS)
  public void execute() {
    for (int i = 0; i < OPS; i++) {
      queue.execute(ops.get(i));
    }
  }

  /** Enqueued from a recording, not waited for. */
  @Benchmark
  @OperationsPerInvocation(OPS)
  public void replay() {
    recording.replay();
  }

  /** From a recording until the last is done. */
  @Benchmark
  @OperationsPerInvocation(OPS)
  public void replayAndWait() {
    recording.replay();
    queue.synchronize();
  }

  /** Frees all. */
  @TearDown
  public void close() {
    recording.close();
    queue.close();
    device.close();
    arena.close();
  }
}
