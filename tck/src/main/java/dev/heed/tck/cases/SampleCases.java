package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;

import dev.heed.op.Op;
import dev.heed.tck.OpCase;
import dev.heed.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Sample. */
public final class SampleCases {
  private final List<OpCase> cases = new ArrayList<>();

  private SampleCases() {}

  /** The cases. */
  public static List<OpCase> all() {
    SampleCases c = new SampleCases();
    c.add("greedy", 0, 0, 1, 0, 1);
    c.add("plain", 1, 0, 1, 0, 1);
    c.add("cold", 0.3, 0, 1, 0, 1);
    c.add("hot", 2, 0, 1, 0, 1);
    c.add("top-k 1", 1, 1, 1, 0, 1);
    c.add("top-k 5", 1, 5, 1, 0, 1);
    c.add("top-k above the vocabulary", 1, 1e6, 1, 0, 1);
    c.add("top-p 0.5", 1, 0, 0.5, 0, 1);
    c.add("top-p 0.01", 1, 0, 0.01, 0, 1);
    c.add("min-p 0.2", 1, 0, 1, 0.2, 1);
    c.add("penalty 1.3", 1, 0, 1, 0, 1.3);
    c.add("greedy with a penalty", 0, 0, 1, 0, 2);
    c.add("everything", 0.8, 40, 0.9, 0.05, 1.1);
    return c.cases;
  }

  /** 64 rows with the same parameters; histories of 0 to 7 ids. */
  private void add(
      String name, double temperature, double topK, double topP, double minP, double penalty) {
    int rows = 64;
    int vocabulary = 301;
    double[] parameters = new double[rows * 5];
    int[] history = new int[rows * 7];
    int[] lengths = new int[rows];
    for (int r = 0; r < rows; r++) {
      double[] row = {temperature, topK, topP, minP, penalty};
      System.arraycopy(row, 0, parameters, r * 5, 5);
      lengths[r] = r % 8;
      for (int i = 0; i < 7; i++) {
        history[r * 7 + i] = i < lengths[r] ? (r * 31 + i * i * 17) % vocabulary : -1;
      }
    }
    cases.add(
        new OpCase(
            Op.Sample.class,
            name,
            o ->
                new Op.Sample(
                    o.out(I32, rows),
                    o.normal(F32, rows, vocabulary),
                    o.floats(F32, Shape.of(rows, 5), parameters),
                    o.intsOf(Shape.of(rows, 7), history),
                    o.ints(lengths),
                    o.ints(2024, 7, 12))));
  }
}
