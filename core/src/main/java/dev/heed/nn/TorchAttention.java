package dev.heed.nn;

/** How {@code torch.nn.MultiheadAttention} names and stacks its projections. */
final class TorchAttention {
  private TorchAttention() {}

  /** The stacked projections of queries, keys and values. */
  static Linear all(Loader at, long width) {
    refuseExtraKeys(at);
    return at.linear(width, rows(0, 3, width));
  }

  /**
   * The projection of queries (0), keys (1) or values (2), which has a tensor of its own where
   * inputs have different widths.
   */
  static Linear one(Loader at, int which, String own, long width, long inputs) {
    refuseExtraKeys(at);
    if (!at.has(own)) {
      return at.linear(inputs, rows(which, 1, width));
    }
    return at.linear(
        inputs, new Loader.Rows(new Loader.Slice(own, 0, width), bias(which, width), width));
  }

  /** With {@code add_bias_kv} every sequence has one more key, which is learned. */
  private static void refuseExtraKeys(Loader at) {
    if (at.has("bias_k")) {
      throw new IllegalArgumentException(
          "torch.nn.MultiheadAttention with add_bias_kv (it has bias_k): Heed has no such keys");
    }
  }

  private static Loader.Rows rows(int first, int count, long width) {
    return new Loader.Rows(
        new Loader.Slice("in_proj_weight", first * width, 3 * width),
        bias(first, width),
        count * width);
  }

  private static Loader.Slice bias(int first, long width) {
    return new Loader.Slice("in_proj_bias", first * width, 3 * width);
  }
}
