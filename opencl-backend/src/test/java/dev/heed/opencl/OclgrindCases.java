package dev.heed.opencl;

import dev.heed.device.CommandQueue;
import dev.heed.op.Op;
import dev.heed.tck.OpCase;
import dev.heed.tck.OpCases;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Runs small cases of the conformance suite on the first OpenCL device, in a process of its own:
 * {@link OclgrindTest} makes that device Oclgrind.
 */
final class OclgrindCases {
  /** The first case that each finds is run: every kernel, and every way through it. */
  private static final List<String> WANTED =
      List.of(
          "Copy: I8",
          "Copy: Q4_0",
          "Fill: BF16",
          "Cast: F32 gaps",
          "Cast: Q5_K gaps",
          "Gather: F16 row-major",
          "Gather: Q5_K row-major",
          "StoreRows: prefill",
          "StoreRows: decode, one sequence inert",
          "Add: .*I32",
          "Add: \\[2, 3, 4, 5\\] with \\[4, 1\\]",
          "Mul: \\[2, 3, 4, 5\\] with \\[4, 1\\]",
          "Activate: GELU scaled",
          "Dropout: p = 0.1",
          "Norm: LAYER in place",
          "Norm: L2 of 64",
          "AddNorm: RMS, all in place",
          "Rope: interleaved, first 2 of 2",
          "Rope: half-split, in place",
          "Softmax: causal \\[3, 9\\]",
          "Softmax: log mask \\[4, 9\\]",
          "Pool: MEAN with an empty segment",
          "Pool: MAX",
          "TopK: 3 rows of 50",
          "TopK: ties, zeros, infinities and NaN, 6",
          "MatMul: batched \\[N, K\\]",
          "MatMul: batched \\[K, N\\]",
          "Linear: Q4_K weights, 1 rows, row-major",
          "Linear: Q6_K weights, 1 rows, row-major",
          "Linear: F16 weights, 1 rows, packed",
          "Linear: Q4_0 weights, 1 rows, packed",
          "Gather: Q5_K packed as BOTH",
          "GatedLinear: Q8_0 weights, 1 rows",
          "MatMul: \\[9, 37\\] x \\[100, 37\\]$",
          "MatMul: \\[9, 37\\] x \\[100, 37\\], w as \\[K, N\\]",
          "MatMul: \\[9, 37\\] x \\[100, 37\\], packed",
          "MatMul: Q4_K weights \\[17, \\d+\\] x .*, packed as MATRIX",
          "Linear: Q5_1 weights, 6 rows, packed",
          "Linear: Q6_K weights, 6 rows, packed",
          "Linear: \\[17, 48\\] x \\[64, 48\\], bias and residual",
          "QkvRopeStore: half-split, prefill",
          "QkvRopeStore: half-split, decode",
          "Attention: head size 7$",
          "Attention: pages, relative bias",
          "Attention: ALiBi, causal",
          "Attention: dropout, one query",
          "Attention: mask and causal",
          "Attention: pages, d_v",
          "Attention: pages, 140 keys",
          "Attention: weights, one query",
          "Sample: everything, 3 rows");

  /** Activations and weights in fewer digits, which the kernels of processors take. */
  private static final List<String> ROUNDED =
      List.of(
          "Cast: F32 \\[3, 96\\] to Q8_0",
          "Linear: Q8_0 x, Q5_1 weights, 6 rows, packed",
          "Linear: Q8_0 x, Q8_0 weights, 1 rows, packed",
          "Linear: BF16 weights, rounded, 1 rows",
          "MatMul: F16 weights \\[3, .*, rounded$",
          "GatedLinear: F16 weights, rounded, 19 rows to 64");

  /** The interpreter takes as long for rows and columns that a tile has beyond the tensors. */
  private static final Map<Family, String> SMALL_TILES =
      Map.of(
          Family.LOCAL,
          "flash.rows=16,flash.TILE_LANES=8,flash.TILE_KEYS=2,matmul_local.TILE_M=32,matmul_local.TILE_N=32",
          Family.SUBGROUP,
          "flash.rows=16,flash.TILE_LANES=8,flash.TILE_KEYS=2,matmul_subgroup.PER_ITEM_M=4");

  /** What it prints when every case has been run. */
  static final String END = "every case was run";

  private OclgrindCases() {}

  /**
   * Runs the cases.
   *
   * @param args the family of kernels, how many runs share the cases, and which of them this is
   */
  public static void main(String[] args) {
    Family family = Family.valueOf(args[0]);
    Options options =
        Options.fromProperties()
            .withFamily(family)
            .withStaged(true)
            .withTuning(SMALL_TILES.getOrDefault(family, ""));
    int runs = Integer.parseInt(args[1]);
    int run = Integer.parseInt(args[2]);
    List<OpCase> cases = cases(family);
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = Drivers.open(options)) {
      System.out.println("device " + device.info().name());
      for (int i = run; i < cases.size(); i += runs) {
        System.out.println(cases.get(i));
        run(device, arena, cases.get(i));
      }
      if (device.chains() && run == 0 && System.getenv("OCLGRIND_UNINITIALIZED") != null) {
        System.out.println("a chain");
        ChainTest.runOnce(device, arena);
      }
      System.out.println(END);
      System.out.flush();
      Runtime.getRuntime().halt(0); // Oclgrind 21.10 may crash where it frees memory
    }
  }

  /** Those that are wanted; every op has one. */
  private static List<OpCase> cases(Family family) {
    List<OpCase> all = OpCases.all(Set.of(DType.F32, DType.Q8_0));
    List<String> wantedCases = new ArrayList<>(WANTED);
    if (family == Family.CPU) {
      wantedCases.addAll(ROUNDED);
    }
    List<OpCase> cases = new ArrayList<>();
    Set<Class<?>> without = new HashSet<>(OpCases.ops());
    for (String wanted : wantedCases) {
      Pattern pattern = Pattern.compile("^" + wanted);
      OpCase c = all.stream().filter(o -> pattern.matcher(o.toString()).find()).findFirst().get();
      cases.add(c);
      without.remove(c.op());
    }
    if (!without.isEmpty()) {
      throw new AssertionError("no case of " + without);
    }
    return cases;
  }

  /**
   * Once is enough: whether results are right is tested elsewhere. Nothing is freed before the end:
   * of memory at an address that was freed, Oclgrind 21.10 knows wrongly what is initialised.
   */
  private static void run(OpenClDevice device, Arena arena, OpCase c) {
    CommandQueue staging = device.openQueue(0, arena);
    Op op = c.build().apply(new Operands(device, staging, arena, 7, 3));
    staging.synchronize();
    if (!device.supports(op)) {
      throw new AssertionError(c + " is not supported");
    }
    CommandQueue queue = device.openQueue(device.scratchBytes(op), arena);
    queue.execute(op);
    queue.synchronize();
  }
}
