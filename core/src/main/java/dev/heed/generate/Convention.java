package dev.heed.generate;

/**
 * Whose rules a beam search follows where programs differ. Both rank finished hypotheses by the sum
 * of their tokens' log-probabilities, prompt and prefix excluded, divided by {@code n^alpha}, alpha
 * being the length penalty: 0 prefers short texts, above 1 long ones.
 */
public enum Convention {
  /**
   * Hugging Face transformers. n counts the new tokens, the end token included. Banned tokens are
   * taken out after the softmax, unless {@link TokenRules#renormalize}. The search of a source ends
   * when as many hypotheses as beams are finished and the best open one, at its present length, is
   * not better than the worst of them; or at once, with early stopping.
   */
  HUGGING_FACE,

  /**
   * CTranslate2. n counts the tokens of prefix and text without the end token. Banned tokens are
   * taken out before the softmax. The search of a source ends when as many hypotheses as beams are
   * finished; with a length penalty of 0 already when the best beam has ended.
   */
  CTRANSLATE2
}
