// Arguments and epilogue of all matrix products: out = fn(x w^T + bias) + residual, or fn(x g^T) * (x u^T) with w = [g; u].
//
// The order of a sum: k counts up within segments of SEGMENT, each an accumulator of its own that starts at zero; the
// segments are added in order. Every kernel for the same operands keeps to it, so a row's bits do not depend on the
// number of rows, and segments may run side by side.
#pragma once
#include "weights.cuh"

#define SEGMENT 256

struct MatMulArguments {
  View out; // vectors of n (half as many if gated)
  View x;   // vectors of k
  Weight w;
  const float *bias; // null: none
  View residual;     // null: none
  i64 m;
  i64 first_batch;
  int fn;
  int gated;
};

DEVICE void finish(const MatMulArguments &a, i64 row, i64 column, float sum, float up) {
  float y = a.bias ? sum + a.bias[column] : sum;
  y = activate(a.fn, y);
  y = a.gated ? y * up : y;
  if (a.residual.at) {
    y += load(a.residual.type, a.residual.at, vector_at(a.residual, row) + column);
  }
  store(a.out.type, a.out.at, vector_at(a.out, row) + column, y);
}
