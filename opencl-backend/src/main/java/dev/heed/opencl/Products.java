package dev.heed.opencl;

import dev.heed.op.Op;

/** Launches of the ops that are matrix products. */
interface Products {
  void matmul(Op.MatMul op);

  void linear(Op.Linear op);

  void gated(Op.GatedLinear op);
}
