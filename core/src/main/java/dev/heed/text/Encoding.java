package dev.heed.text;

/**
 * The tokens of a text or of a pair of texts; all arrays have one element a token.
 *
 * @param ids token ids
 * @param typeIds segment ids (BERT: 0 for the first text, 1 for the second)
 * @param sequences which text a token comes from, 0 or 1; -1 for a special token that was added
 * @param starts first {@code char} of the token in its text; 0 for an added special token
 * @param ends one past its last {@code char}; 0 for an added special token
 */
public record Encoding(int[] ids, int[] typeIds, int[] sequences, int[] starts, int[] ends) {
  /** Number of tokens. */
  public int size() {
    return ids.length;
  }
}
