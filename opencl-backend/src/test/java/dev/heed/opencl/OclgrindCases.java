package dev.heed.opencl;

import dev.heed.tck.AssertingDevice;
import dev.heed.tck.OpCase;
import dev.heed.tck.OpCases;
import dev.heed.tck.check.CaseRunner;
import dev.heed.tensor.DType;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.opentest4j.TestAbortedException;

/**
 * Runs small cases of the conformance suite on the first OpenCL device, in a process of its own:
 * {@link OclgrindTest} makes that device Oclgrind.
 */
final class OclgrindCases {
  /** At least one small case of each kernel, and each way through it. */
  private static final Pattern SMALL =
      Pattern.compile(
          String.join(
              "|",
              "Copy: (I8|columns|Q4_0)",
              "Fill: .*BF16",
              "Cast: .* gaps",
              "Gather: .*(negative|Q5_K|Q6_K)",
              "StoreRows: ",
              "Add: .*(I32|\\[2, 3, 4, 5\\])",
              "Mul: .*\\[4, 1\\]",
              "Activate: .*scaled",
              "Dropout: ",
              "Norm: .*(gaps|RMS of 64)",
              "AddNorm: .*in place",
              "Rope: .*(first 2 of 2|in place)",
              "Softmax: .*(mask|causal)",
              "Pool: ",
              "TopK: ",
              "MatMul: .*(batch|K 1$)",
              "Linear: .*(Q4_K|F16)",
              "GatedLinear: .*Q8_0",
              "QkvRopeStore: ",
              "Attention: (head size 7|d_v above|an inert|window 2|dense bias$|pages|dropout|weights)",
              "Sample: everything"));

  private OclgrindCases() {}

  /**
   * Runs the cases.
   *
   * @param args the family of kernels, and the most cases of an op
   */
  public static void main(String[] args) {
    int most = Integer.parseInt(args[1]);
    Options options = Options.fromProperties().withFamily(Family.valueOf(args[0])).withStaged(true);
    int ran = 0;
    try (OpenClDevice device = Drivers.open(options)) {
      System.out.println("device " + device.info().name());
      CaseRunner runner = new CaseRunner(new AssertingDevice(device), 7);
      for (Class<?> op : OpCases.ops()) {
        List<OpCase> cases =
            OpCases.all(Set.of(DType.F32)).stream()
                .filter(c -> c.op() == op && SMALL.matcher(c.toString()).find())
                .limit(most)
                .toList();
        for (OpCase c : cases) {
          long start = System.nanoTime();
          try {
            runner.run(c);
          } catch (TestAbortedException e) {
            throw new AssertionError(c + " was skipped: " + e.getMessage(), e);
          }
          System.out.printf("%6d ms %s%n", (System.nanoTime() - start) / 1_000_000, c);
          ran++;
        }
        if (cases.isEmpty()) {
          throw new AssertionError("no small case of " + op);
        }
      }
    }
    System.out.println("ran " + ran);
  }
}
