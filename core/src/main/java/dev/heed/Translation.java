package dev.heed;

/**
 * What an encoder-decoder made of a source.
 *
 * @param text the target
 * @param tokens its ids, those of a prefix included, without the token it starts from and the end
 *     token
 * @param score the higher, the better; see {@link dev.heed.generate.Convention}
 * @param logProbs logarithm of the probability of each token behind the prefix, and of the end
 *     token if there is one
 * @param ended whether it ends with an end token; otherwise it was as long as may be, or cancelled
 */
public record Translation(
    String text, int[] tokens, float score, float[] logProbs, boolean ended) {}
