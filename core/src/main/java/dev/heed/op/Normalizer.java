package dev.heed.op;

/** What turns attention scores into weights. */
public enum Normalizer {
  /** exp(s) / sum exp(s). */
  SOFTMAX,
  /** max(0, s), without a sum. */
  RELU
}
