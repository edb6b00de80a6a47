package dev.heed.text;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Ids of the tokens with a role, as the model's files name them; an absent role is empty.
 *
 * @param bos begins a sequence
 * @param eos ends one: every id after which generation stops, the model's eos token first
 * @param pad fills up a batch
 * @param cls stands before a text in BERT's family
 * @param sep stands between and after texts in BERT's family
 * @param unk stands for what the vocabulary lacks
 * @param mask stands for a token to be predicted
 */
public record SpecialTokens(
    OptionalInt bos,
    Set<Integer> eos,
    OptionalInt pad,
    OptionalInt cls,
    OptionalInt sep,
    OptionalInt unk,
    OptionalInt mask) {
  /** Copies {@code eos} and keeps its order. */
  public SpecialTokens {
    eos = Collections.unmodifiableSet(new LinkedHashSet<>(eos));
  }
}
