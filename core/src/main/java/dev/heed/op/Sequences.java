package dev.heed.op;

import dev.heed.tensor.Tensor;

/**
 * The B sequences whose rows a ragged batch holds one behind the other. The tensors live on the
 * device, so that a recording sees new values; the bounds are the host's and only limit the work.
 *
 * @param queryOffsets I32 [B+1]: rows of sequence b are queryOffsets[b] to queryOffsets[b+1]
 * @param queryStart I32 [B]: absolute position of the first of them; negative for a padded, inert
 *     sequence
 * @param maxQueries no sequence has more rows
 * @param maxKeys no sequence attends to more keys
 */
public record Sequences(Tensor queryOffsets, Tensor queryStart, int maxQueries, int maxKeys) {}
