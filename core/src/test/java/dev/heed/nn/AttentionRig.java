package dev.heed.nn;

import dev.heed.OnDevice;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Safetensors;
import dev.heed.op.Probe;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** A device, random parameters of torch.nn.MultiheadAttention, and ragged batches. */
final class AttentionRig implements AutoCloseable {
  static final int WIDTH = 24;
  static final int HEADS = 3;
  static final int DIM = WIDTH / HEADS;

  /** Rows of each sequence of a batch of 11. */
  static final int[] LENGTHS = {7, 4};

  /** Width of another source than the target's, whose parameters are under {@code other}. */
  static final int OTHER = 10;

  final OnDevice on = new OnDevice();
  private final Safetensors parameters;

  AttentionRig(Path folder) {
    Map<String, CheckpointTensor> all = new TreeMap<>();
    put(all, "in_proj_weight", 3 * WIDTH, WIDTH);
    put(all, "in_proj_bias", 3 * WIDTH);
    put(all, "out_proj.weight", WIDTH, WIDTH);
    put(all, "out_proj.bias", WIDTH);
    put(all, "other.q_proj_weight", WIDTH, WIDTH);
    put(all, "other.k_proj_weight", WIDTH, OTHER);
    put(all, "other.v_proj_weight", WIDTH, OTHER);
    put(all, "other.in_proj_bias", 3 * WIDTH);
    put(all, "other.out_proj.weight", WIDTH, WIDTH);
    Path file = folder.resolve("attention.safetensors");
    Safetensors.write(file, all, Map.of());
    parameters = Safetensors.open(file);
  }

  private static void put(Map<String, CheckpointTensor> all, String name, long... dims) {
    Shape shape = Shape.of(dims);
    Random random = new Random(name.hashCode());
    float[] values = new float[(int) shape.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * 0.3f;
    }
    all.put(
        name,
        new CheckpointTensor(
            name, DType.F32, shape, Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values)));
  }

  Loader loader() {
    return on.loader(parameters);
  }

  double[] value(String name) {
    return OnDevice.values(parameters.tensors().get(name));
  }

  static double[] normal(int n) {
    return AttentionReference.normal(new Random(n), n);
  }

  /** A batch of sequences of these lengths. */
  static Ragged ragged(OnDevice on, int... lengths) {
    int[] offsets = new int[lengths.length + 1];
    for (int b = 0; b < lengths.length; b++) {
      offsets[b + 1] = offsets[b] + lengths[b];
    }
    Tensor starts = on.ints(offsets);
    int longest = Arrays.stream(lengths).max().orElseThrow();
    return new Ragged(
        on.ints(Arrays.stream(lengths).flatMap(n -> IntStream.range(0, n)).toArray()),
        new Sequences(starts, on.ints(new int[lengths.length]), longest, longest),
        starts.rows(0, lengths.length),
        on.ints(lengths));
  }

  /** out += attention of x over the projected memory. */
  static void attend(
      OnDevice on,
      CrossAttention cross,
      Probe probe,
      Tensor out,
      Tensor x,
      Ragged rows,
      Tensor memory,
      Ragged sources) {
    CrossCache cache =
        CrossCache.allocate(
            on.device(),
            1,
            Shape.of(memory.shape().dim(0), cross.heads().kvCount(), cross.heads().dim()),
            DType.F32,
            sources.starts(),
            sources.lengths(),
            sources.seq().maxKeys(),
            on.arena());
    cross.project(on.ops(), memory, cache.layers().getFirst());
    cross.addTo(
        on.ops(probe),
        on.workspace(),
        out,
        x,
        cache.sequences(rows.seq()),
        cache.layers().getFirst());
  }

  @Override
  public void close() {
    parameters.close();
    on.close();
  }
}
