package dev.heed.op;

import static dev.heed.op.OpChecks.ints;
import static dev.heed.op.OpChecks.rank;
import static dev.heed.op.OpChecks.real;
import static dev.heed.op.OpChecks.require;
import static dev.heed.op.OpChecks.shape;
import static dev.heed.op.OpChecks.type;
import static dev.heed.tensor.DType.F32;

import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;

/** What attention asks of its tensors. */
final class AttentionShapes {
  private AttentionShapes() {}

  static void check(Op.Attention o) {
    rank(o, "q", o.q(), 3);
    real(o, "q", o.q());
    real(o, "out", o.out());
    Shape q = o.q().shape();
    long b = OpShapes.sequences(o, o.seq());
    keyValues(o, q, b);
    long dv = o.kv().values().shape().dim(-1);
    shape(o, "out", o.out(), q.dim(0), q.dim(1), dv);
    require(o, o.window() >= 0, "window %d: negative", o.window());
    require(o, o.softCap() >= 0, "softCap %s: negative", o.softCap());
    bias(o, b, q.dim(1));
    o.dropout().ifPresent(d -> OpShapes.random(o, d));
    o.weights()
        .ifPresent(
            w -> {
              type(o, "weights", w, F32);
              shape(o, "weights", w, q.dim(0), q.dim(1), o.seq().maxKeys());
            });
  }

  private static void keyValues(Op.Attention o, Shape q, long b) {
    int rank = o.kv() instanceof KeyValues.Paged ? 4 : 3;
    Tensor k = o.kv().keys();
    Tensor v = o.kv().values();
    rank(o, "k", k, rank);
    rank(o, "v", v, rank);
    real(o, "k", k);
    real(o, "v", v);
    require(o, k.dtype() == v.dtype(), "k %s v %s: types differ", k, v);
    Shape ks = k.shape();
    require(
        o,
        ks.dim(-1) == q.dim(2),
        "q %s k %s: head sizes differ, %d and %d",
        q,
        ks,
        q.dim(2),
        ks.dim(-1));
    shape(o, "v", v, v.shape().with(-2, ks.dim(-2)).with(0, ks.dim(0)).toArray());
    require(
        o,
        ks.dim(-2) > 0 && q.dim(1) % ks.dim(-2) == 0,
        "q %s k %s: %d heads are not a multiple of %d",
        q,
        ks,
        q.dim(1),
        ks.dim(-2));
    ints(o, "lengths", o.kv().lengths(), b);
    switch (o.kv()) {
      case KeyValues.Ragged r -> ints(o, "starts", r.starts(), b);
      case KeyValues.Paged p -> {
        require(
            o,
            v.shape().dim(1) == ks.dim(1),
            "kPages %s vPages %s: page sizes differ",
            ks,
            v.shape());
        OpShapes.table(o, p.blockTable(), b);
      }
    }
  }

  private static void bias(Op.Attention o, long b, long heads) {
    switch (o.bias()) {
      case Bias.None n -> {}
      case Bias.Dense d -> {
        type(o, "bias", d.values(), F32);
        rank(o, "bias", d.values(), 4);
        Shape s = d.values().shape();
        require(
            o,
            (s.dim(0) == b || s.dim(0) == 1)
                && (s.dim(1) == heads || s.dim(1) == 1)
                && s.dim(2) == o.seq().maxQueries()
                && s.dim(3) == o.seq().maxKeys(),
            "bias %s: want [%d or 1, %d or 1, %d, %d]",
            s,
            b,
            heads,
            o.seq().maxQueries(),
            o.seq().maxKeys());
      }
      case Bias.Relative r -> {
        type(o, "bias table", r.table(), F32);
        rank(o, "bias table", r.table(), 2);
        shape(o, "bias table", r.table(), r.table().shape().dim(0), heads);
        require(
            o,
            r.maxDistance() > 0 && r.table().shape().dim(0) >= 4,
            "bias table %s, distance %d: too small",
            r.table(),
            r.maxDistance());
      }
      case Bias.Alibi a -> {
        type(o, "slopes", a.slopes(), F32);
        shape(o, "slopes", a.slopes(), heads);
      }
    }
  }
}
