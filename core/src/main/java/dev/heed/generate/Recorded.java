package dev.heed.generate;

import dev.heed.tensor.Shape;
import java.lang.foreign.MemorySegment;

/**
 * What was recorded of one stage of a model.
 *
 * @param count how many
 * @param each the shape of each: [heads, queries, keys] or [tokens, hidden]
 * @param values F32 [count, each..]
 */
public record Recorded(int count, Shape each, MemorySegment values) {}
