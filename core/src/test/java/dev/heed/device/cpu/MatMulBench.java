package dev.heed.device.cpu;

import dev.heed.device.CommandQueue;
import dev.heed.device.HostWeight;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/**
 * Times products by hand: {@code MatMulBench THREADS SECONDS TYPE:M:N:K...}, or {@code
 * TYPE:M:N:K:Q8_0} for activations of 8 bits. Prints the best and the median of many runs; with one
 * thread in that thread's processor time, which other programs disturb little.
 */
final class MatMulBench {
  private MatMulBench() {}

  public static void main(String[] args) {
    int threads = Integer.parseInt(args[0]);
    double seconds = Double.parseDouble(args[1]);
    for (String work : Arrays.copyOfRange(args, 2, args.length)) {
      String[] w = work.split(":");
      time(
          threads,
          seconds,
          DType.valueOf(w[0]),
          Integer.parseInt(w[1]),
          Integer.parseInt(w[2]),
          Integer.parseInt(w[3]),
          w.length > 4 ? DType.valueOf(w[4]) : DType.F32);
    }
  }

  private static long now(int threads) {
    return threads == 1
        ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime()
        : System.nanoTime();
  }

  private static void time(int threads, double seconds, DType type, int m, int n, int k, DType of) {
    try (MatMulCase c = new MatMulCase(threads, true, Processor.mayRunCode(), 1)) {
      // Weights that do not fit the last-level cache together, where one row is the work.
      long set = Long.getLong("set", 96) << 20;
      int copies = m > 8 ? 1 : (int) Math.max(1, set / type.bytes((long) n * k));
      Op[] ops = new Op[copies];
      HostWeight host = c.weight(type, c.weights(type, n, k), n, k, Use.MATRIX);
      long bytes = c.device.packedBytes(host);
      Tensor x = c.activations(of, m, k);
      long from = System.nanoTime();
      for (int i = 0; i < copies; i++) {
        ops[i] = new Op.MatMul(c.empty(m, n), x, c.pack(host), true);
      }
      double pack = (System.nanoTime() - from) / 1e6 / copies;
      double[] times = new double[100_000];
      int runs = 0;
      try (CommandQueue queue = c.device.openQueue(c.device.scratchBytes(ops[0]), c.arena)) {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        while (runs < times.length && (runs < 3 * copies || System.nanoTime() < end)) {
          long t = now(threads);
          queue.execute(ops[runs % copies]);
          times[runs++] = now(threads) - t;
        }
      }
      double[] sorted = Arrays.copyOf(times, runs);
      Arrays.sort(sorted);
      double best = sorted[0];
      double median = sorted[runs / 2];
      System.out.printf(
          "%-5s %5d %5d %5d  best %7.1f GFLOP/s %6.2f Gweights/s %6.2f GB/s   median %7.1f  (%d runs,"
              + " first %.2f ms, pack %.1f ms)%n",
          type,
          m,
          n,
          k,
          2.0 * m * n * k / best,
          (double) n * k / best,
          bytes / best,
          2.0 * m * n * k / median,
          runs,
          times[0] / 1e6,
          pack);
    }
  }
}
