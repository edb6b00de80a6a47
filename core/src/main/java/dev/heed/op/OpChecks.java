package dev.heed.op;

import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;

import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Validates an op once, before any device sees it. Each message names the op, the tensors and what
 * differs.
 */
final class OpChecks {
  private OpChecks() {}

  static void check(Op op) {
    for (Tensor t : op.outputs()) {
      live(op, "out", t);
      require(op, t.layout() == Layout.ROW_MAJOR, "out %s is in the device's own layout", t);
    }
    for (Tensor t : op.inputs()) {
      live(op, "in", t);
    }
    switch (op) {
      case Op.Primitive p -> OpShapes.primitive(p);
      case Op.Fused f -> OpShapes.fused(f);
    }
    overlaps(op);
  }

  static void require(Op op, boolean holds, String what, Object... args) {
    if (!holds) {
      throw new IllegalArgumentException(op.name() + ": " + what.formatted(args));
    }
  }

  private static void live(Op op, String role, Tensor t) {
    require(op, t.buffer().handle().scope().isAlive(), "%s %s: its memory is freed", role, t);
    if (t.layout() == Layout.ROW_MAJOR) {
      require(
          op,
          t.offset() >= 0
              && (t.shape().rank() == 0
                  || t.shape().dim(0) <= 1
                  || t.rowStride() >= t.shape().rowElements())
              && t.byteSpan() <= t.buffer().byteSize() - t.byteOffset(),
          "%s %s: offset %d and row stride %d reach past its buffer of %d bytes",
          role,
          t,
          t.offset(),
          t.rowStride(),
          t.buffer().byteSize());
    }
  }

  static void type(Op op, String role, Tensor t, DType... allowed) {
    require(op, List.of(allowed).contains(t.dtype()), "%s %s: want %s", role, t, List.of(allowed));
  }

  /** A float type that activations may have. */
  static void real(Op op, String role, Tensor t) {
    require(op, t.dtype().isFloat(), "%s %s: want F32, F16 or BF16", role, t);
  }

  static void rank(Op op, String role, Tensor t, int rank) {
    require(op, t.shape().rank() == rank, "%s %s: want %d dimensions", role, t.shape(), rank);
  }

  static void shape(Op op, String role, Tensor t, long... want) {
    require(
        op, t.shape().equals(Shape.of(want)), "%s %s: want %s", role, t.shape(), Shape.of(want));
  }

  static void same(Op op, String roleA, Tensor a, String roleB, Tensor b) {
    require(
        op,
        a.shape().equals(b.shape()),
        "%s %s %s %s: want the same shape",
        roleA,
        a.shape(),
        roleB,
        b.shape());
  }

  static void vector(Op op, String role, Optional<Tensor> t, long n) {
    t.ifPresent(
        v -> {
          type(op, role, v, F32);
          shape(op, role, v, n);
        });
  }

  static void ints(Op op, String role, Tensor t, long... want) {
    type(op, role, t, I32);
    shape(op, role, t, want);
  }

  static void broadcasts(Op op, String role, Tensor t, Shape to) {
    Shape s = t.shape();
    boolean fits = s.rank() <= to.rank() && to.rank() <= 4;
    for (int i = 1; fits && i <= s.rank(); i++) {
      fits = s.dim(-i) == to.dim(-i) || s.dim(-i) == 1;
    }
    require(op, fits, "%s %s does not broadcast to %s", role, s, to);
  }

  private static void overlaps(Op op) {
    List<Tensor> outs = op.outputs();
    List<Tensor> ins = op.inputs();
    for (int i = 0; i < outs.size(); i++) {
      Tensor out = outs.get(i);
      for (int j = i + 1; j < outs.size(); j++) {
        require(op, !overlap(out, outs.get(j)), "outputs %s and %s overlap", out, outs.get(j));
      }
      for (Tensor in : ins) {
        require(
            op,
            !overlap(out, in) || mayAlias(op, out, in),
            "out %s overlaps the input %s",
            out,
            in);
      }
    }
  }

  /** Exactly the same elements, in an op that reads each before it writes it. */
  private static boolean mayAlias(Op op, Tensor out, Tensor in) {
    boolean same =
        out.offset() == in.offset()
            && out.shape().elements() == in.shape().elements()
            && (out.rowStride() == in.rowStride() || out.isDense() && in.isDense())
            && out.dtype() == in.dtype();
    return switch (op) {
      case Op.Copy o -> same;
      case Op.Cast o -> same;
      case Op.Add o -> same;
      case Op.Mul o -> same;
      case Op.Activate o -> same;
      case Op.Norm o -> same && in == o.x() || same && in.equals(o.x());
      case Op.Rope o -> same && in.equals(o.x());
      case Op.Softmax o -> same && in.equals(o.x());
      case Op.Dropout o ->
          same && in.equals(o.in()) || in.equals(o.random().state()) && out.equals(in);
      case Op.Linear o -> same && o.residual().filter(in::equals).isPresent();
      case Op.AddNorm o -> same && (in.equals(o.a()) || in.equals(o.b()));
      case Op.Attention o ->
          o.dropout().filter(d -> in.equals(d.state()) && out.equals(in)).isPresent();
      case Op.Sample o -> in.equals(o.state()) && out.equals(in);
      case Op.Fill o -> false;
      case Op.Gather o -> false;
      case Op.StoreRows o -> false;
      case Op.Pool o -> false;
      case Op.TopK o -> false;
      case Op.MatMul o -> false;
      case Op.GatedLinear o -> false;
      case Op.QkvRopeStore o -> false;
    };
  }

  /**
   * Whether two tensors share an element. Views of the same rows side by side (QKV slices, gate and
   * up) interleave without sharing.
   */
  private static boolean overlap(Tensor a, Tensor b) {
    if (a.buffer() != b.buffer() || a.shape().elements() == 0 || b.shape().elements() == 0) {
      return false;
    }
    if (a.layout() != Layout.ROW_MAJOR || b.layout() != Layout.ROW_MAJOR) {
      return true;
    }
    long aFrom = a.byteOffset();
    long bFrom = b.byteOffset();
    if (aFrom + a.byteSpan() <= bFrom || bFrom + b.byteSpan() <= aFrom) {
      return false;
    }
    long stride = a.rowStride() * a.dtype().blockBytes();
    if (a.dtype() != b.dtype()
        || a.dtype().isBlock()
        || a.rowStride() != b.rowStride()
        || a.isDense()
        || b.isDense()) {
      return true;
    }
    long gap = Math.floorMod(bFrom - aFrom, stride);
    long aRow = a.dtype().bytes(a.shape().rowElements());
    long bRow = b.dtype().bytes(b.shape().rowElements());
    return gap < aRow || gap + bRow > stride;
  }
}
