package dev.heed.nn;

import static dev.heed.Close.assertClose;
import static dev.heed.nn.AttentionRig.DIM;
import static dev.heed.nn.AttentionRig.HEADS;
import static dev.heed.nn.AttentionRig.LENGTHS;
import static dev.heed.nn.AttentionRig.OTHER;
import static dev.heed.nn.AttentionRig.WIDTH;

import dev.heed.OnDevice;
import dev.heed.op.Probe;
import dev.heed.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Attention to another sequence, against F64. */
class CrossAttentionTest {
  @TempDir Path folder;

  /** torch's kdim and vdim: weights of their own for keys and values of another width. */
  @Test
  void aSourceOfAnotherWidth() {
    try (AttentionRig rig = new AttentionRig(folder)) {
      check(rig);
    }
  }

  private static void check(AttentionRig rig) {
    OnDevice on = rig.on;
    int[] sources = {5, 2};
    double[] memory = AttentionRig.normal(7 * OTHER);
    double[] x = AttentionRig.normal(11 * WIDTH);
    Tensor out = on.floats(new double[11 * WIDTH], 11, WIDTH);
    CrossAttention cross = CrossAttention.ofTorch(rig.loader().at("other"), WIDTH, OTHER, HEADS);
    AttentionRig.attend(
        on,
        cross,
        Probe.NONE,
        out,
        on.floats(x, 11, WIDTH),
        AttentionRig.ragged(on, LENGTHS),
        on.floats(memory, 7, OTHER),
        AttentionRig.ragged(on, sources));
    double[] bias = rig.value("other.in_proj_bias");
    double[] q = times(x, rig.value("other.q_proj_weight"), Arrays.copyOf(bias, WIDTH), WIDTH);
    double[] k =
        times(
            memory,
            rig.value("other.k_proj_weight"),
            Arrays.copyOfRange(bias, WIDTH, 2 * WIDTH),
            OTHER);
    double[] v =
        times(
            memory,
            rig.value("other.v_proj_weight"),
            Arrays.copyOfRange(bias, 2 * WIDTH, 3 * WIDTH),
            OTHER);
    double[] none = new double[WIDTH];
    assertClose(
        times(attend(q, k, v, sources), rig.value("other.out_proj.weight"), none, WIDTH),
        on.values(out),
        1e-5);
  }

  /** Attention of each target to its source, head by head, all concatenated. */
  private static double[] attend(double[] q, double[] k, double[] v, int[] sources) {
    double[] mixed = new double[11 * WIDTH];
    int row = 0;
    int source = 0;
    for (int s = 0; s < 2; s++) {
      for (int h = 0; h < HEADS; h++) {
        AttentionReference r = new AttentionReference(1, 1, 1, LENGTHS[s], sources[s], DIM, DIM);
        slice(q, row, h, r.q);
        slice(k, source, h, r.k);
        slice(v, source, h, r.v);
        r.compute();
        for (int i = 0; i < LENGTHS[s]; i++) {
          System.arraycopy(r.out, i * DIM, mixed, (row + i) * WIDTH + h * DIM, DIM);
        }
      }
      row += LENGTHS[s];
      source += sources[s];
    }
    return mixed;
  }

  private static void slice(double[] all, int row, int head, double[] into) {
    for (int i = 0; i < into.length; i++) {
      into[i] = all[(row + i / DIM) * WIDTH + head * DIM + i % DIM];
    }
  }

  /** x [n, inputs] times w [WIDTH, inputs], plus b. */
  private static double[] times(double[] x, double[] w, double[] b, int inputs) {
    double[] y = new double[x.length / inputs * WIDTH];
    for (int i = 0; i < y.length; i++) {
      y[i] = b[i % WIDTH];
      for (int c = 0; c < inputs; c++) {
        y[i] += w[i % WIDTH * inputs + c] * x[i / WIDTH * inputs + c];
      }
    }
    return y;
  }
}
