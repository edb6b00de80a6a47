package dev.heed.cli;

import dev.heed.op.Activation;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.NormKind;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The ops that {@code heed bench op} knows, each with its shape as options. */
final class OpBenchmarks {
  /** Larger than any cache: copies of a weight that a decode step would stream. */
  private static final double STREAMED_BYTES = 256e6;

  private static final int MOST_COPIES = 64;

  /** Up to so many rows a product is bound by reading its weight. */
  private static final int FEW_ROWS = 16;

  private OpBenchmarks() {}

  /** All of them. */
  static List<OpBenchmark> all(Io io) {
    return List.of(
        new MatMul(io), new Attention(io), new Norm(io), new Softmax(io), new Activate(io));
  }

  /** x [m, k] times a packed weight [n, k]. */
  @Command(
      name = "matmul",
      description = "x [m, k] in F32 times a weight [n, k].",
      footer = {
        "",
        "Examples:",
        "  heed bench op matmul --m 1024 --n 1024 --k 1024 --dtype f32 --device cpu --json",
        "  heed bench op matmul --m 1 --n 4096 --k 4096 --dtype q4_k"
      })
  static final class MatMul extends OpBenchmark {
    @Option(names = "--m", description = "Rows of x. Default: 1024.")
    private int m = 1024;

    @Option(names = "--n", description = "Rows of the weight. Default: 1024.")
    private int n = 1024;

    @Option(names = "--k", description = "Columns of both. Default: 1024.")
    private int k = 1024;

    @Option(
        names = "--dtype",
        paramLabel = "TYPE",
        description =
            "Type of the weight: f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, q4_k, q5_k, q6_k."
                + " Default: f32.")
    private DType dtype = DType.F32;

    MatMul(Io io) {
      super(io);
    }

    @Override
    void check() {
      Usage.atLeast(spec, "--m", m, 1);
      Usage.atLeast(spec, "--n", n, 1);
      Usage.atLeast(spec, "--k", k, 1);
      if (dtype == DType.I32 || dtype == DType.I8) {
        throw Usage.error(spec, "--dtype " + dtype + ": weights are of a float or block type");
      }
      Usage.of(spec, () -> dtype.bytes(k) + dtype.bytes(Math.multiplyExact((long) n, k)));
      Usage.of(spec, () -> Math.multiplyExact(4L * m, Math.max(n, k)));
    }

    @Override
    int copies() {
      return m > FEW_ROWS
          ? 1
          : (int) Math.clamp(STREAMED_BYTES / dtype.bytes((long) n * k), 1, MOST_COPIES);
    }

    @Override
    Op op(Operands on) {
      return new Op.MatMul(on.empty(m, n), on.normal(m, k), on.weight(dtype, n, k), true);
    }

    @Override
    double flops() {
      return 2.0 * m * n * k;
    }

    @Override
    double bytes() {
      return dtype.bytes((long) n * k) + 4.0 * m * ((double) k + n);
    }
  }

  /** One sequence of ragged attention. */
  @Command(
      name = "attention",
      description = "One sequence: q [queries, heads, size], k and v [keys, kv heads, size].",
      footer = {
        "",
        "Examples:",
        "  heed bench op attention --queries 512 --keys 512 --heads 12 --head-size 64",
        "  heed bench op attention --queries 1 --keys 4096 --heads 32 --kv-heads 4 --causal"
      })
  static final class Attention extends OpBenchmark {
    @Option(names = "--queries", description = "Tokens that ask. Default: 512.")
    private int queries = 512;

    @Option(names = "--keys", description = "Tokens that are attended to. Default: 512.")
    private int keys = 512;

    @Option(names = "--heads", description = "Heads of the queries. Default: 12.")
    private int heads = 12;

    @Option(names = "--kv-heads", description = "Heads of the keys. Default: as many as --heads.")
    private Integer kvHeads;

    @Option(names = "--head-size", description = "Elements of a head. Default: 64.")
    private int size = 64;

    @Option(names = "--causal", description = "The queries are the last of the keys' positions.")
    private boolean causal;

    Attention(Io io) {
      super(io);
    }

    @Override
    void check() {
      Usage.atLeast(spec, "--queries", queries, 1);
      Usage.atLeast(spec, "--keys", keys, 1);
      Usage.atLeast(spec, "--heads", heads, 1);
      Usage.atLeast(spec, "--kv-heads", kvHeads(), 1);
      Usage.atLeast(spec, "--head-size", size, 1);
      if (heads % kvHeads() != 0) {
        throw Usage.error(
            spec, "--heads " + heads + ": want a multiple of --kv-heads " + kvHeads());
      }
      if (causal && queries > keys) {
        throw Usage.error(spec, "--causal: want at most as many queries as keys");
      }
    }

    private int kvHeads() {
      return kvHeads == null ? heads : kvHeads;
    }

    private int start() {
      return causal ? keys - queries : 0;
    }

    @Override
    Op op(Operands on) {
      Tensor k = on.normal(keys, kvHeads(), size);
      Tensor v = on.normal(keys, kvHeads(), size);
      return new Op.Attention(
          on.empty(queries, heads, size),
          on.normal(queries, heads, size),
          new KeyValues.Ragged(k, v, on.ints(0), on.ints(keys)),
          new Sequences(on.ints(0, queries), on.ints(start()), queries, keys),
          (float) (1 / Math.sqrt(size)),
          causal,
          0,
          0,
          Bias.NONE,
          Normalizer.SOFTMAX,
          Optional.empty(),
          Optional.empty());
    }

    /** Pairs of a query and a visible key, for all heads. */
    private double pairs() {
      double visible = causal ? queries * (start() + (queries + 1) / 2.0) : (double) queries * keys;
      return heads * visible;
    }

    @Override
    double flops() {
      return 4.0 * size * pairs();
    }

    @Override
    double bytes() {
      return 4.0 * size * (2.0 * queries * heads + 2.0 * keys * kvHeads());
    }
  }

  /** What the row-wise ops share. */
  abstract static class Rows extends OpBenchmark {
    @Option(names = "--rows", description = "Rows of the input. Default: 1024.")
    int rows = 1024;

    @Option(names = "--columns", description = "Elements of a row. Default: 4096.")
    int columns = 4096;

    Rows(Io io) {
      super(io);
    }

    @Override
    final void check() {
      Usage.atLeast(spec, "--rows", rows, 1);
      Usage.atLeast(spec, "--columns", columns, 1);
    }

    @Override
    final double bytes() {
      return 8.0 * rows * columns;
    }
  }

  /** Layer, RMS or L2 norm of rows. */
  @Command(
      name = "norm",
      description = "Normalises rows, with a weight.",
      footer = {"", "Examples:", "  heed bench op norm --rows 256 --columns 2048 --kind rms"})
  static final class Norm extends Rows {
    private static final float EPS = 1e-5f;

    @Option(names = "--kind", description = "Which norm: ${COMPLETION-CANDIDATES}. Default: RMS.")
    private NormKind kind = NormKind.RMS;

    Norm(Io io) {
      super(io);
    }

    @Override
    Op op(Operands on) {
      Optional<Tensor> weight = Optional.of(on.normal(columns));
      return new Op.Norm(
          on.empty(rows, columns), on.normal(rows, columns), weight, Optional.empty(), EPS, kind);
    }

    /** Per element: square and sum, scale, weight; layer norm subtracts and sums too. */
    @Override
    double flops() {
      return (kind == NormKind.LAYER ? 6.0 : 4.0) * rows * columns;
    }
  }

  /** Softmax of rows. */
  @Command(
      name = "softmax",
      description = "Softmax of rows.",
      footer = {"", "Examples:", "  heed bench op softmax --rows 1024 --columns 1024"})
  static final class Softmax extends Rows {
    Softmax(Io io) {
      super(io);
    }

    @Override
    Op op(Operands on) {
      return new Op.Softmax(
          on.empty(rows, columns), on.normal(rows, columns), 1, Optional.empty(), false, false);
    }

    /** Per element: maximum, difference, exponential (as one), sum, scale. */
    @Override
    double flops() {
      return 5.0 * rows * columns;
    }
  }

  /** An element-wise function. */
  @Command(
      name = "activate",
      description = "An element-wise function.",
      footer = {"", "Examples:", "  heed bench op activate --rows 256 --columns 3072 --fn gelu"})
  static final class Activate extends Rows {
    @Option(
        names = "--fn",
        description = "Which function: ${COMPLETION-CANDIDATES}. Default: GELU.")
    private Activation fn = Activation.GELU;

    Activate(Io io) {
      super(io);
    }

    @Override
    Op op(Operands on) {
      return new Op.Activate(on.empty(rows, columns), on.normal(rows, columns), fn);
    }

    /** One function an element. */
    @Override
    double flops() {
      return (double) rows * columns;
    }
  }
}
