package dev.heed.op;

/** Element-wise functions. */
public enum Activation {
  IDENTITY,
  /** max(0, x). */
  RELU,
  /**
   * x Phi(x), with the exact normal distribution: x/2 (1 + erf(x / sqrt 2)). Hendrycks and Gimpel
   * 2016.
   */
  GELU,
  /** x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). Hendrycks and Gimpel 2016. */
  GELU_TANH,
  /** x sigmoid(x). */
  SILU,
  TANH,
  /** 1 / (1 + exp(-x)). */
  SIGMOID
}
