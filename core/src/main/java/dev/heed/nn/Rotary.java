package dev.heed.nn;

import dev.heed.tensor.Tensor;

/**
 * Rotary position embedding as a table on the device.
 *
 * @param cosSin F32 [positions, 2, R/2]
 * @param interleaved whether pairs are neighbours (GGUF's llama) or R/2 apart (Hugging Face)
 */
public record Rotary(Tensor cosSin, boolean interleaved) {}
