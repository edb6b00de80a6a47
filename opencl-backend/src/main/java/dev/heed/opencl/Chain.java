package dev.heed.opencl;

import dev.heed.op.Activation;
import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.opencl.ChainStep.Operation;
import dev.heed.opencl.ChainStep.Shares;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;

/**
 * Ops of one row that one launch of chain.cl can run: products with packed weights of one type and
 * layout and the norms, roundings and rotations between them, all in F32 but for rounded x.
 */
final class Chain {
  /** Buffers a launch has arguments for: BUFFER_COUNT in the kernel. */
  static final int BUFFERS = 32;

  /** Blocks of 32 numbers that a work-item rounds. */
  private static final int BLOCKS = 64;

  /** Heads that a work-item rotates. */
  private static final int HEADS = 20;

  private final List<Op> ops = new ArrayList<>();
  private final List<ChainStep> steps = new ArrayList<>();
  private final SequencedSet<OpenClBuffer> buffers = new LinkedHashSet<>();
  private DType x;
  private DType w;
  private boolean blockFloat;
  private Activation fn = Activation.IDENTITY;
  private NormKind kind;

  /** Adds an op behind those that are there; false if it does not go with them. */
  boolean add(Op op) {
    Optional<ChainStep> step =
        switch (op) {
          case Op.Linear o when fits(o.out(), o.x(), o.w(), o.fn()) -> Optional.of(linear(o));
          case Op.GatedLinear o when fits(o.out(), o.x(), o.w(), o.fn()) -> Optional.of(gated(o));
          case Op.Norm o when fits(o) -> Optional.of(norm(o));
          case Op.Cast o when fits(o) -> Optional.of(round(o));
          case Op.QkvRopeStore o when fits(o) -> Optional.of(ropeStore(o));
          default -> Optional.empty();
        };
    if (step.isEmpty() || !hasRoom(step.get())) {
      return false;
    }
    switch (op) {
      case Op.Linear o -> use(o, o.fn());
      case Op.GatedLinear o -> use(o, o.fn());
      case Op.Norm o -> kind = o.kind();
      default -> {}
    }
    ops.add(op);
    steps.add(step.get());
    step.get().tensors().forEach(t -> t.ifPresent(v -> buffers.add((OpenClBuffer) v.buffer())));
    return true;
  }

  private void use(Op.Product product, Activation of) {
    x = product.x().dtype();
    w = product.w().dtype();
    blockFloat = Panels.rounded(product.w());
    fn = of == Activation.IDENTITY ? fn : of;
  }

  private boolean hasRoom(ChainStep step) {
    long more =
        step.tensors().stream()
            .flatMap(Optional::stream)
            .map(t -> (OpenClBuffer) t.buffer())
            .distinct()
            .filter(b -> !buffers.contains(b))
            .count();
    return buffers.size() + more <= BUFFERS;
  }

  private static boolean isRow(Tensor t) {
    return t.shape().leading() == 1;
  }

  private static boolean isFloat(Tensor t) {
    return t.dtype() == DType.F32;
  }

  /** Whether a product with the same kernel could have this one too. */
  private boolean fits(Tensor out, Tensor x, Tensor w, Activation fn) {
    boolean first = this.w == null;
    return isRow(x)
        && isFloat(out)
        && (isFloat(x) || x.dtype() == DType.Q8_0)
        && Panels.has(w)
        && (first || this.x == x.dtype() && this.w == w.dtype() && blockFloat == Panels.rounded(w))
        && (fn == Activation.IDENTITY || this.fn == Activation.IDENTITY || this.fn == fn);
  }

  private boolean fits(Op.Norm op) {
    return isRow(op.x())
        && isFloat(op.x())
        && isFloat(op.out())
        && (kind == null || kind == op.kind());
  }

  private static boolean fits(Op.Cast op) {
    return isRow(op.in()) && isFloat(op.in()) && op.out().dtype() == DType.Q8_0;
  }

  private static boolean fits(Op.QkvRopeStore op) {
    return op.q().shape().dim(0) == 1
        && op.seq().queryStart().shape().dim(0) == 1
        && List.of(op.q(), op.qkv(), op.kPages(), op.vPages()).stream().allMatch(Chain::isFloat)
        && List.of(op.kPages(), op.vPages(), op.cosSin()).stream().allMatch(Tensor::isDense);
  }

  private static ChainStep linear(Op.Linear op) {
    return product(Operation.PRODUCT, op.out(), op, op.bias(), op.residual(), op.fn());
  }

  private static ChainStep gated(Op.GatedLinear op) {
    Optional<Tensor> none = Optional.empty();
    return product(Operation.GATED_PRODUCT, op.out(), op, none, none, op.fn());
  }

  private static ChainStep product(
      Operation operation,
      Tensor out,
      Op.Product op,
      Optional<Tensor> bias,
      Optional<Tensor> residual,
      Activation fn) {
    int n = dim(out, -1);
    return new ChainStep(
        operation,
        Math.toIntExact(Panels.count(n)),
        List.of(Optional.of(out), Optional.of(op.x()), Optional.of(op.w()), bias, residual),
        n,
        dim(op.x(), -1),
        fn == Activation.IDENTITY ? 0 : 1);
  }

  private static ChainStep norm(Op.Norm op) {
    return new ChainStep(
        Operation.NORM,
        1,
        List.of(Optional.of(op.out()), Optional.of(op.x()), op.weight(), op.bias()),
        dim(op.x(), -1),
        Float.floatToRawIntBits(op.eps()));
  }

  private static ChainStep round(Op.Cast op) {
    int n = dim(op.in(), -1);
    return new ChainStep(
        Operation.ROUND,
        Math.ceilDiv(n, 32 * BLOCKS),
        List.of(Optional.of(op.out()), Optional.of(op.in())),
        n,
        BLOCKS);
  }

  private static ChainStep ropeStore(Op.QkvRopeStore op) {
    int heads = dim(op.q(), 1);
    int keyHeads = dim(op.kPages(), 2);
    return new ChainStep(
        Operation.ROPE_STORE,
        Math.ceilDiv(heads + 2 * keyHeads, HEADS),
        List.of(
            Optional.of(op.q()),
            Optional.of(op.kPages()),
            Optional.of(op.vPages()),
            Optional.of(op.qkv()),
            op.bias(),
            op.qNorm(),
            op.kNorm(),
            Optional.of(op.cosSin()),
            Optional.of(op.positions()),
            Optional.of(op.blockTable()),
            Optional.of(op.seq().queryOffsets()),
            Optional.of(op.seq().queryStart())),
        heads,
        keyHeads,
        dim(op.q(), 2),
        dim(op.cosSin(), 2),
        HEADS,
        Float.floatToRawIntBits(op.eps()),
        op.interleaved() ? 1 : 0,
        dim(op.kPages(), 1));
  }

  private static int dim(Tensor t, int i) {
    return Math.toIntExact(t.shape().dim(i));
  }

  /** The ops it has. */
  List<Op> ops() {
    return ops;
  }

  /** Whether it has a product: others of one row alone are as well off with their own kernels. */
  boolean hasProduct() {
    return w != null;
  }

  /** Names the kernel. */
  KernelSet kernel(KernelSet kernels, int panels) {
    return kernels
        .of(blockFloat ? Entry.CHAIN_BLOCK_FLOAT : Entry.CHAIN)
        .type(x)
        .type(w)
        .code(x.isBlock() || blockFloat ? kernels.dots().ordinal() : 0)
        .code(panels)
        .code(fn.ordinal())
        .code((kind == null ? NormKind.RMS : kind).ordinal());
  }

  /** The panels that its products' work-items take at a time; one where x needs no preparation. */
  int panels(int most) {
    int panels = x.isBlock() || !w.isBlock() ? 1 : most;
    for (ChainStep s : steps) {
      panels = s.isProduct() ? PanelLaunch.together(s.items(), panels) : panels;
    }
    return panels;
  }

  /** What it reads and writes. */
  List<OpenClBuffer> buffers() {
    return List.copyOf(buffers);
  }

  /** Its steps as the kernel reads them, and behind them the number of all work-items. */
  long[] table(int panels, int cores) {
    List<OpenClBuffer> numbered = buffers();
    long[] table = new long[(steps.size() + 1) * ChainStep.SIZE];
    int items = 0;
    int at = 0;
    for (ChainStep s : steps) {
      Optional<Shares> shares =
          s.isProduct() ? Optional.of(Shares.of(s.items() / panels, cores)) : Optional.empty();
      s.write(table, at, items, shares, numbered::indexOf);
      items += shares.map(Shares::items).orElse(s.items());
      at += ChainStep.SIZE;
    }
    table[at] = items;
    return table;
  }

  int steps() {
    return steps.size();
  }
}
