package dev.heed.generate;

/**
 * One way to go on from a prompt.
 *
 * @param tokens the new ids, without an end token
 * @param logProbs logarithm of the probability of each, and of the end token if there is one
 * @param score what hypotheses are compared by, see {@link BeamOptions#score}
 * @param ended whether an end token closed it
 */
public record Hypothesis(int[] tokens, float[] logProbs, float score, boolean ended) {}
