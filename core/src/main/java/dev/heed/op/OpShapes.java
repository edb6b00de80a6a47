package dev.heed.op;

import static dev.heed.op.OpChecks.broadcasts;
import static dev.heed.op.OpChecks.ints;
import static dev.heed.op.OpChecks.rank;
import static dev.heed.op.OpChecks.real;
import static dev.heed.op.OpChecks.require;
import static dev.heed.op.OpChecks.same;
import static dev.heed.op.OpChecks.shape;
import static dev.heed.op.OpChecks.type;
import static dev.heed.op.OpChecks.vector;
import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;
import static dev.heed.tensor.DType.I8;

import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/** What each op asks of its tensors' shapes and types. */
final class OpShapes {
  private OpShapes() {}

  static void primitive(Op.Primitive op) {
    switch (op) {
      case Op.Copy o -> {
        same(o, "out", o.out(), "in", o.in());
        require(
            o, o.out().dtype() == o.in().dtype(), "out %s in %s: types differ", o.out(), o.in());
        rowMajor(o, "in", o.in());
      }
      case Op.Fill o ->
          require(o, !o.out().dtype().isBlock(), "out %s: want a plain type", o.out());
      case Op.Cast o -> cast(o);
      case Op.Gather o -> gather(o);
      case Op.StoreRows o -> storeRows(o);
      case Op.Add o -> {
        elementwise(o, o.out(), o.a(), o.b());
        boolean whole = o.out().dtype() == I32;
        require(
            o,
            whole == (o.a().dtype() == I32) && whole == (o.b().dtype() == I32),
            "out %s a %s b %s: I32 adds to I32 only",
            o.out(),
            o.a(),
            o.b());
        if (!whole) {
          real(o, "a", o.a());
          real(o, "b", o.b());
        }
      }
      case Op.Mul o -> {
        elementwise(o, o.out(), o.a(), o.b());
        real(o, "out", o.out());
        real(o, "a", o.a());
        real(o, "b", o.b());
      }
      case Op.Activate o -> {
        same(o, "out", o.out(), "in", o.in());
        real(o, "out", o.out());
        real(o, "in", o.in());
      }
      case Op.Dropout o -> {
        same(o, "out", o.out(), "in", o.in());
        real(o, "out", o.out());
        real(o, "in", o.in());
        random(o, o.random());
      }
      case Op.Norm o -> norm(o, o.out(), o.x(), o.weight(), o.bias());
      case Op.Rope o -> {
        same(o, "out", o.out(), "x", o.x());
        real(o, "out", o.out());
        rope(o, o.x(), o.cosSin(), o.positions());
      }
      case Op.Softmax o -> {
        same(o, "out", o.out(), "x", o.x());
        type(o, "out", o.out(), F32);
        type(o, "x", o.x(), F32);
        require(o, o.x().shape().rank() >= 1, "x %s: want at least one dimension", o.x().shape());
        require(
            o,
            !o.causal() || o.x().shape().rank() >= 2,
            "x %s: causal wants [.., Q, K]",
            o.x().shape());
        o.mask().ifPresent(m -> type(o, "mask", m, F32));
        o.mask().ifPresent(m -> broadcasts(o, "mask", m, o.x().shape()));
      }
      case Op.Pool o -> pool(o);
      case Op.TopK o -> topK(o);
      case Op.MatMul o -> matmul(o);
      case Op.Attention o -> AttentionShapes.check(o);
    }
  }

  static void fused(Op.Fused op) {
    switch (op) {
      case Op.Linear o -> {
        product(o, o.out(), o.x(), o.w(), true);
        vector(o, "bias", o.bias(), o.out().shape().dim(-1));
        o.residual().ifPresent(r -> same(o, "residual", r, "out", o.out()));
        o.residual().ifPresent(r -> real(o, "residual", r));
      }
      case Op.GatedLinear o -> {
        rank(o, "out", o.out(), 2);
        rank(o, "x", o.x(), 2);
        real(o, "out", o.out());
        operand(o, o.out(), o.x(), o.w());
        long f = o.out().shape().dim(1);
        shape(o, "w", o.w(), 2 * f, o.x().shape().dim(1));
        shape(o, "out", o.out(), o.x().shape().dim(0), f);
      }
      case Op.AddNorm o -> {
        same(o, "sum", o.sum(), "a", o.a());
        same(o, "sum", o.sum(), "b", o.b());
        real(o, "sum", o.sum());
        real(o, "a", o.a());
        real(o, "b", o.b());
        norm(o, o.out(), o.sum(), o.weight(), o.bias());
      }
      case Op.QkvRopeStore o -> qkvRopeStore(o);
      case Op.Sample o -> {
        rank(o, "logits", o.logits(), 2);
        type(o, "logits", o.logits(), F32);
        long r = o.logits().shape().dim(0);
        ints(o, "ids", o.ids(), r);
        type(o, "parameters", o.parameters(), F32);
        shape(o, "parameters", o.parameters(), r, 5);
        rank(o, "history", o.history(), 2);
        ints(o, "history", o.history(), r, o.history().shape().dim(-1));
        ints(o, "historyLengths", o.historyLengths(), r);
        ints(o, "state", o.state(), 3);
      }
    }
  }

  private static void cast(Op.Cast o) {
    same(o, "out", o.out(), "in", o.in());
    DType from = o.in().dtype();
    DType to = o.out().dtype();
    boolean ok =
        from == I32 || from == I8
            ? to == F32
            : to.isFloat() || to == DType.Q8_0 && from == F32 && wholeBlocks(o.out());
    require(o, ok, "out %s in %s: no such conversion", o.out(), o.in());
  }

  /** Whether there are rows, and each is whole blocks. */
  private static boolean wholeBlocks(Tensor t) {
    return t.shape().rank() > 1 && t.shape().dim(-1) % t.dtype().blockSize() == 0;
  }

  private static void gather(Op.Gather o) {
    rank(o, "table", o.table(), 2);
    rank(o, "ids", o.ids(), 1);
    type(o, "ids", o.ids(), I32);
    real(o, "out", o.out());
    require(
        o,
        o.table().dtype() != I32 && o.table().dtype() != I8,
        "table %s: want a weight type",
        o.table());
    shape(o, "out", o.out(), o.ids().shape().dim(0), o.table().shape().dim(1));
  }

  private static void storeRows(Op.StoreRows o) {
    rank(o, "pages", o.pages(), 4);
    rank(o, "rows", o.rows(), 3);
    real(o, "pages", o.pages());
    real(o, "rows", o.rows());
    Shape p = o.pages().shape();
    shape(o, "rows", o.rows(), o.rows().shape().dim(0), p.dim(2), p.dim(3));
    table(o, o.blockTable(), sequences(o, o.seq()));
  }

  /** Checks the block table and the sequences, which must agree on B. */
  static void table(Op op, Tensor blockTable, long b) {
    rank(op, "blockTable", blockTable, 2);
    ints(op, "blockTable", blockTable, b, blockTable.shape().dim(1));
  }

  /** Checks the sequences and gives B. */
  static long sequences(Op op, Sequences s) {
    rank(op, "queryStart", s.queryStart(), 1);
    long b = s.queryStart().shape().dim(0);
    ints(op, "queryStart", s.queryStart(), b);
    ints(op, "queryOffsets", s.queryOffsets(), b + 1);
    require(
        op,
        s.maxQueries() >= 0 && s.maxKeys() >= 0,
        "maxQueries %d maxKeys %d: negative",
        s.maxQueries(),
        s.maxKeys());
    return b;
  }

  private static void elementwise(Op op, Tensor out, Tensor a, Tensor b) {
    require(op, !out.dtype().isBlock() && out.dtype() != I8, "out %s: want a float type", out);
    broadcasts(op, "a", a, out.shape());
    broadcasts(op, "b", b, out.shape());
    for (int i = 1; i <= out.shape().rank(); i++) {
      long da = i <= a.shape().rank() ? a.shape().dim(-i) : 1;
      long db = i <= b.shape().rank() ? b.shape().dim(-i) : 1;
      require(
          op,
          out.shape().dim(-i) == (da == 1 ? db : da),
          "a %s b %s do not make out %s",
          a.shape(),
          b.shape(),
          out.shape());
    }
    require(op, !a.dtype().isBlock() && !b.dtype().isBlock(), "a %s b %s: want plain types", a, b);
  }

  private static void norm(
      Op op, Tensor out, Tensor x, Optional<Tensor> weight, Optional<Tensor> bias) {
    same(op, "out", out, "x", x);
    real(op, "out", out);
    real(op, "x", x);
    require(op, x.shape().rank() >= 1, "x %s: want at least one dimension", x.shape());
    vector(op, "weight", weight, x.shape().dim(-1));
    vector(op, "bias", bias, x.shape().dim(-1));
  }

  private static void rope(Op op, Tensor x, Tensor cosSin, Tensor positions) {
    rank(op, "x", x, 3);
    real(op, "x", x);
    rank(op, "cosSin", cosSin, 3);
    type(op, "cosSin", cosSin, F32);
    Shape c = cosSin.shape();
    require(
        op,
        c.dim(1) == 2 && 2 * c.dim(2) <= x.shape().dim(2),
        "cosSin %s: want [positions, 2, R/2] with R at most %d",
        c,
        x.shape().dim(2));
    ints(op, "positions", positions, x.shape().dim(0));
  }

  private static void pool(Op.Pool o) {
    rank(o, "x", o.x(), 2);
    rank(o, "out", o.out(), 2);
    real(o, "x", o.x());
    real(o, "out", o.out());
    shape(o, "out", o.out(), o.out().shape().dim(0), o.x().shape().dim(1));
    ints(o, "offsets", o.offsets(), o.out().shape().dim(0) + 1);
  }

  private static void topK(Op.TopK o) {
    rank(o, "x", o.x(), 2);
    rank(o, "values", o.values(), 2);
    type(o, "x", o.x(), F32);
    type(o, "values", o.values(), F32);
    long k = o.values().shape().dim(1);
    require(
        o,
        k <= o.x().shape().dim(1),
        "k %d is more than the %d columns of x",
        k,
        o.x().shape().dim(1));
    shape(o, "values", o.values(), o.x().shape().dim(0), k);
    ints(o, "ids", o.ids(), o.x().shape().dim(0), k);
  }

  private static void matmul(Op.MatMul o) {
    require(
        o,
        o.w().layout() == Layout.ROW_MAJOR || o.transposeW(),
        "w %s: a packed weight is [N, K]",
        o.w());
    product(o, o.out(), o.x(), o.w(), o.transposeW());
  }

  private static void product(Op op, Tensor out, Tensor x, Tensor w, boolean transposeW) {
    real(op, "out", out);
    operand(op, out, x, w);
    require(op, w.dtype() != I32 && w.dtype() != I8, "w %s: want a weight type", w);
    Shape xs = x.shape();
    Shape ws = w.shape();
    require(op, xs.rank() >= 1, "x %s: want at least one dimension", xs);
    boolean batched = ws.rank() > 2;
    require(
        op,
        ws.rank() == 2 || batched && ws.rank() == xs.rank(),
        "x %s w %s: w has 2 dimensions, or as many as x",
        xs,
        ws);
    for (int i = 0; batched && i < ws.rank() - 2; i++) {
      require(op, ws.dim(i) == xs.dim(i), "x %s w %s: leading dimensions differ", xs, ws);
    }
    long k = transposeW ? ws.dim(-1) : ws.dim(-2);
    long n = transposeW ? ws.dim(-2) : ws.dim(-1);
    require(op, xs.dim(-1) == k, "x %s w %s: K differs, %d and %d", xs, ws, xs.dim(-1), k);
    require(
        op,
        out.shape().equals(xs.with(-1, n)),
        "x %s w %s: out %s, want %s",
        xs,
        ws,
        out.shape(),
        xs.with(-1, n));
    require(op, !w.dtype().isBlock() || transposeW, "w %s: a block type is [N, K]", w);
  }

  /** x of a product: a float type, or Q8_0 beside a weight of blocks. */
  private static void operand(Op op, Tensor out, Tensor x, Tensor w) {
    if (x.dtype() == DType.Q8_0) {
      require(op, w.dtype().isBlock(), "x %s w %s: x of blocks wants w of a block type", x, w);
      require(op, wholeBlocks(x), "x %s: want rows of whole blocks", x);
      type(op, "out", out, F32);
    } else {
      require(op, x.dtype().isFloat(), "x %s: want F32, F16, BF16 or Q8_0", x);
    }
  }

  private static void qkvRopeStore(Op.QkvRopeStore o) {
    rank(o, "q", o.q(), 3);
    rank(o, "kPages", o.kPages(), 4);
    rank(o, "qkv", o.qkv(), 2);
    real(o, "q", o.q());
    real(o, "qkv", o.qkv());
    real(o, "kPages", o.kPages());
    real(o, "vPages", o.vPages());
    same(o, "kPages", o.kPages(), "vPages", o.vPages());
    Shape q = o.q().shape();
    Shape pages = o.kPages().shape();
    require(o, pages.dim(3) == q.dim(2), "q %s kPages %s: head sizes differ", q, pages);
    long width = (q.dim(1) + 2 * pages.dim(2)) * q.dim(2);
    shape(o, "qkv", o.qkv(), q.dim(0), width);
    vector(o, "bias", o.bias(), width);
    require(o, o.qNorm().isPresent() == o.kNorm().isPresent(), "qNorm and kNorm come together");
    vector(o, "qNorm", o.qNorm(), q.dim(2));
    vector(o, "kNorm", o.kNorm(), q.dim(2));
    rope(o, o.q(), o.cosSin(), o.positions());
    table(o, o.blockTable(), sequences(o, o.seq()));
  }

  /** Checks random state and probability. */
  static void random(Op op, Random r) {
    require(
        op,
        r.probability() >= 0 && r.probability() < 1,
        "probability %s: want [0, 1)",
        r.probability());
    ints(op, "state", r.state(), 3);
  }

  private static void rowMajor(Op op, String role, Tensor t) {
    require(op, t.layout() == Layout.ROW_MAJOR, "%s %s is in the device's own layout", role, t);
  }
}
