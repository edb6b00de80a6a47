package dev.heed.op;

import dev.heed.tensor.Tensor;

/**
 * Random numbers from Philox-4x32-10 (Salmon et al. 2011). The key is (seed low, seed high); the
 * counter is {@code (c0, c1, c2, step)} where the op says what c0 to c2 are; number {@code n} of
 * the four a counter gives is {@code (word_n >>> 8) * 2^-24}, in [0, 1). Each op that draws adds 1
 * to step when it is done, on the device.
 *
 * @param probability of dropping an element, in [0, 1)
 * @param state I32 [3]: seed low, seed high, step
 */
public record Random(float probability, Tensor state) {}
