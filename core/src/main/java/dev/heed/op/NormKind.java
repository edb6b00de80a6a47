package dev.heed.op;

/** What a norm divides by, over the last dimension of D elements. */
public enum NormKind {
  /** (x - mean) / sqrt(var + eps), var over D (biased). Ba et al. 2016. */
  LAYER,
  /** x / sqrt(mean(x^2) + eps). Zhang and Sennrich 2019. */
  RMS,
  /** x / max(sqrt(sum(x^2)), eps), as torch.nn.functional.normalize. */
  L2
}
