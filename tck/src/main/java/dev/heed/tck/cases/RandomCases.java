package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;

import dev.heed.device.Use;
import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tck.OpCase;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Attention and products with everything drawn by chance, the same in every run: for what no list
 * of cases thinks of, where options and sizes meet.
 */
public final class RandomCases {
  private static final int ATTENTIONS = 80;
  private static final int PRODUCTS = 80;
  private static final int[] SIZES = {1, 3, 8, 16, 24, 32, 40, 64, 72, 80, 96, 128};
  private static final int[][] HEADS = {{1, 1}, {2, 1}, {3, 3}, {4, 2}, {6, 1}, {8, 2}};

  private RandomCases() {}

  /** The cases. */
  public static List<OpCase> all() {
    List<OpCase> cases = new ArrayList<>();
    for (int i = 0; i < ATTENTIONS; i++) {
      long seed = i;
      cases.add(
          new OpCase(Op.Attention.class, "random " + i, o -> attention(new Random(seed)).build(o)));
    }
    for (int i = 0; i < PRODUCTS; i++) {
      long seed = i;
      cases.add(new OpCase(Op.Linear.class, "random " + i, o -> linear(new Random(seed), o)));
    }
    return cases;
  }

  private static int pick(Random r, int... from) {
    return from[r.nextInt(from.length)];
  }

  private static boolean chance(Random r, double p) {
    return r.nextDouble() < p;
  }

  private static AttentionSetup attention(Random r) {
    int batch = 1 + r.nextInt(4);
    int[] keys = new int[batch];
    int[] queries = new int[batch];
    int[] starts = new int[batch];
    boolean decode = chance(r, 0.3);
    int longest = pick(r, 5, 40, 150, 300);
    for (int b = 0; b < batch; b++) {
      keys[b] = r.nextInt(longest + 1);
      queries[b] = decode ? 1 : r.nextInt(Math.min(keys[b] + 2, 70));
      starts[b] = chance(r, 0.1) ? -1 : Math.max(0, keys[b] - queries[b]);
    }
    int[] heads = HEADS[r.nextInt(HEADS.length)];
    int d = pick(r, SIZES);
    AttentionSetup s =
        AttentionSetup.of(queries, keys)
            .starts(starts)
            .heads(heads[0], heads[1])
            .size(d, chance(r, 0.7) ? d : pick(r, SIZES));
    memory(r, s);
    masks(r, s);
    return s;
  }

  private static void memory(Random r, AttentionSetup s) {
    if (chance(r, 0.6)) {
      s.paged(pick(r, 1, 4, 16, 16, 16, 32));
    }
    if (chance(r, 0.3)) {
      s.types(F32, chance(r, 0.5) ? DType.F16 : DType.BF16);
    }
    if (chance(r, 0.3)) {
      s.roomy();
    }
    if (chance(r, 0.2)) {
      s.weights();
    }
    if (chance(r, 0.15)) {
      s.dropout(0.25f);
    }
  }

  private static void masks(Random r, AttentionSetup s) {
    if (chance(r, 0.7)) {
      s.causal();
    }
    if (chance(r, 0.25)) {
      s.window(1 + r.nextInt(90));
    }
    if (chance(r, 0.25)) {
      s.softCap(1 + r.nextInt(20));
    }
    if (chance(r, 0.1)) {
      s.relu();
    }
    switch (r.nextInt(6)) {
      case 0 -> s.dense(chance(r, 0.5), chance(r, 0.5));
      case 1 -> s.relative(pick(r, 8, 32), chance(r, 0.5), pick(r, 20, 128));
      case 2 -> s.alibi();
      default -> {}
    }
  }

  private static Op linear(Random r, Operands o) {
    DType type = Types.WEIGHTS.get(r.nextInt(Types.WEIGHTS.size()));
    long m = pick(r, 1, 1, 2, 3, 5, 8, 13, 31, 64, 100);
    long n = 5 + r.nextInt(150);
    long k = Types.blocks(type, 1 + r.nextInt(600));
    boolean packed = chance(r, 0.75);
    Tensor w = packed ? o.packed(type, Use.MATRIX, n, k) : o.normal(type, n, k);
    Tensor x = o.gapped(chance(r, 0.3) ? 1 + r.nextInt(20) : 0, F32, m, k);
    Tensor out = o.outGapped(chance(r, 0.3) ? 1 + r.nextInt(20) : 0, F32, m, n);
    Activation[] fns = Activation.values();
    Activation fn = chance(r, 0.5) ? Activation.IDENTITY : fns[r.nextInt(fns.length)];
    return new Op.Linear(
        out,
        x,
        w,
        chance(r, 0.5) ? Optional.of(o.normal(F32, n)) : Optional.empty(),
        fn,
        chance(r, 0.5) ? Optional.of(o.normal(F32, m, n)) : Optional.empty());
  }
}
