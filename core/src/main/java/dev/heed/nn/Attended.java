package dev.heed.nn;

import dev.heed.tensor.Tensor;

/**
 * What attention over dense tensors gives.
 *
 * @param output a mean of the values for each query
 * @param weights of each key in it, for each query: before dropout, zero where hidden
 */
public record Attended(Tensor output, Tensor weights) {}
