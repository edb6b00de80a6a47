package dev.heed.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;

/**
 * How an encoder-decoder's authors want targets to be made: keys of {@code generation_config.json}
 * or, where it lacks them, of {@code config.json}. Tokens are given as ids ({@code
 * decoder_start_token_id}) or as the vocabulary spells them ({@code decoder_start_token}).
 *
 * @param start the token every target begins with, which is no part of it
 * @param ends those that end it
 * @param first what stands at its beginning ({@code forced_bos_token_id})
 * @param last what stands at the end of one that would be too long ({@code forced_eos_token_id})
 * @param suppressed sequences that must not appear ({@code bad_words_ids})
 * @param renormalize whether the probabilities of the others sum to 1 ({@code renormalize_logits})
 * @param noRepeat no sequence of so many tokens twice; 0 for no such rule
 * @param minTokens of a target
 * @param maxTokens of a target, its end included
 * @param beams of the search
 * @param lengthPenalty of the search
 * @param earlyStopping of the search
 */
public record GenerationConfig(
    int start,
    Set<Integer> ends,
    OptionalInt first,
    OptionalInt last,
    List<List<Integer>> suppressed,
    boolean renormalize,
    int noRepeat,
    int minTokens,
    int maxTokens,
    int beams,
    float lengthPenalty,
    boolean earlyStopping) {
  private static final int MAX_TOKENS = 256;

  /**
   * Reads it.
   *
   * @param path the model's
   * @param ids finds the id of a token in the target's vocabulary
   * @throws ConfigException if nothing says what targets begin with
   */
  public static GenerationConfig of(Path path, Config config, Function<String, OptionalInt> ids) {
    Path file = ModelFiles.file(path, "generation_config.json");
    Config own = Files.exists(file) ? new Config(file.toString(), ModelFiles.json(file)) : config;
    return new Reader(own, config, ids).read();
  }

  private record Reader(Config own, Config model, Function<String, OptionalInt> ids) {
    private Config with(String key) {
      return own.has(key) ? own : model;
    }

    GenerationConfig read() {
      return new GenerationConfig(
          start(),
          ends(),
          only("forced_bos_token_id"),
          only("forced_eos_token_id"),
          with("bad_words_ids").sequences("bad_words_ids"),
          with("renormalize_logits").flag("renormalize_logits", false),
          with("no_repeat_ngram_size").integer("no_repeat_ngram_size", 0),
          // The start token counts in min_length and max_length.
          Math.max(0, with("min_length").integer("min_length", 0) - 1),
          Math.max(1, with("max_length").integer("max_length", MAX_TOKENS + 1) - 1),
          Math.max(1, with("num_beams").integer("num_beams", 1)),
          (float) with("length_penalty").number("length_penalty", 1),
          with("early_stopping").flag("early_stopping", false));
    }

    private int start() {
      return named("decoder_start_token")
          .orElseGet(
              () ->
                  only("decoder_start_token_id")
                      .orElseGet(() -> only("bos_token_id").orElseThrow(this::noStart)));
    }

    private ConfigException noStart() {
      return new ConfigException(
          model.source() + ": decoder_start_token_id is missing: nothing says how targets begin");
    }

    private Set<Integer> ends() {
      Set<Integer> ends = new HashSet<>(with("eos_token_id").ids("eos_token_id"));
      named("eos_token").ifPresent(ends::add);
      return ends;
    }

    private OptionalInt only(String key) {
      return with(key).ids(key).stream().mapToInt(i -> i).findFirst();
    }

    private OptionalInt named(String key) {
      if (!with(key).has(key)) {
        return OptionalInt.empty();
      }
      String token = with(key).text(key);
      OptionalInt id = ids.apply(token);
      if (id.isEmpty()) {
        throw with(key).wrong(key, token, "is not in the target's vocabulary");
      }
      return id;
    }
  }
}
