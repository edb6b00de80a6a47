package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;

import dev.heed.op.Op;
import dev.heed.tck.OpCase;
import dev.heed.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
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
    c.add("everything, 3 rows", 3, 0.8, 40, 0.9, 0.05, 1.1);
    c.addNotFinite("not finite, greedy", 0);
    c.addNotFinite("not finite, drawn", 1);
    return c.cases;
  }

  /**
   * Rows of NaN here and there, of nothing else, of an infinity at the top, of nothing to choose.
   */
  private void addNotFinite(String name, double temperature) {
    int vocabulary = 67;
    double[][] rows = new double[5][vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      rows[0][i] = i % 3 == 0 ? Double.NaN : Math.sin(i);
      rows[1][i] = Double.NaN;
      rows[2][i] = i == 40 ? Double.POSITIVE_INFINITY : Math.sin(i);
      rows[3][i] = Double.NEGATIVE_INFINITY;
      rows[4][i] = i == 50 ? 1 : Double.NEGATIVE_INFINITY;
    }
    double[] parameters = new double[5 * rows.length];
    for (int r = 0; r < rows.length; r++) {
      parameters[5 * r] = temperature;
      parameters[5 * r + 2] = 1;
      parameters[5 * r + 4] = 1;
    }
    cases.add(
        new OpCase(
            Op.Sample.class,
            name,
            o ->
                new Op.Sample(
                    o.out(I32, rows.length),
                    o.floats(
                        F32,
                        Shape.of(rows.length, vocabulary),
                        Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray()),
                    o.floats(F32, Shape.of(rows.length, 5), parameters),
                    o.intsOf(Shape.of(rows.length, 1), new int[rows.length]),
                    o.ints(new int[rows.length]),
                    o.ints(2024, 7, 12))));
  }

  private void add(
      String name, double temperature, double topK, double topP, double minP, double penalty) {
    add(name, 64, temperature, topK, topP, minP, penalty);
  }

  /** Rows with the same parameters; histories of 0 to 7 ids. */
  private void add(
      String name,
      int rows,
      double temperature,
      double topK,
      double topP,
      double minP,
      double penalty) {
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
