package dev.heed.tck.reference;

import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tck.reference.Reference.Values;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.util.Arrays;

/** Ops that move rows. */
final class Moving {
  private Moving() {}

  static double[] fill(Op.Fill o) {
    double[] out = new double[(int) o.out().shape().elements()];
    boolean whole = o.out().dtype() == DType.I32 || o.out().dtype() == DType.I8;
    Arrays.fill(out, whole ? (int) o.value() : o.value());
    return out;
  }

  /**
   * What Q8_0 keeps of F32 numbers: ggml's {@code quantize_row_q8_0_ref} and back. Its quants are
   * rounded in F32, so that is what is computed in here.
   */
  static double[] rounded(double[] x) {
    double[] out = new double[x.length];
    for (int block = 0; block < x.length; block += 32) {
      float most = 0;
      for (int i = block; i < block + 32; i++) {
        most = Math.max(most, (float) Math.abs(x[i]));
      }
      float d = most / 127f;
      float inverse = d == 0 ? 0 : 1f / d;
      float kept = Float.float16ToFloat(Float.floatToFloat16(d));
      for (int i = block; i < block + 32; i++) {
        float v = (float) x[i] * inverse;
        double quant = Math.signum(v) * Math.floor(Math.abs((double) v) + 0.5);
        out[i] = kept * (float) (quant + 0.0); // no -0
      }
    }
    return out;
  }

  static double[] gather(Op.Gather o, Values in) {
    double[] table = in.read(o.table());
    double[] ids = in.read(o.ids());
    int d = (int) o.table().shape().dim(1);
    double[] out = new double[ids.length * d];
    for (int t = 0; t < ids.length; t++) {
      if (ids[t] >= 0) {
        System.arraycopy(table, (int) ids[t] * d, out, t * d, d);
      }
    }
    return out;
  }

  /** Writes rows [T, KH, D] into pages [P, pageSize, KH, D]. */
  static void store(
      double[] pages, Tensor shape, double[] rows, Tensor blockTable, Sequences seq, Values in) {
    int pageSize = (int) shape.shape().dim(1);
    int width = (int) (shape.shape().dim(2) * shape.shape().dim(3));
    double[] blocks = in.read(blockTable);
    int maxBlocks = (int) blockTable.shape().dim(1);
    double[] offsets = in.read(seq.queryOffsets());
    double[] starts = in.read(seq.queryStart());
    for (int b = 0; b < starts.length; b++) {
      if (starts[b] < 0) {
        continue;
      }
      for (int t = (int) offsets[b]; t < (int) offsets[b + 1]; t++) {
        int position = (int) starts[b] + t - (int) offsets[b];
        int page = (int) blocks[b * maxBlocks + position / pageSize];
        System.arraycopy(
            rows, t * width, pages, (page * pageSize + position % pageSize) * width, width);
      }
    }
  }
}
