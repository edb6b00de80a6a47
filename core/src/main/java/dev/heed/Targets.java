package dev.heed;

import dev.heed.generate.BeamSearch;
import dev.heed.generate.GreedySearch;
import dev.heed.generate.Hypothesis;
import dev.heed.generate.Seq2SeqSession;
import dev.heed.generate.TokenRules;
import dev.heed.model.GenerationConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Makes targets by a session, all of them ids: what stands before a target, which rules hold, which
 * sources are computed together. One thread at a time.
 *
 * @param ends ids that end a target
 */
record Targets(Seq2SeqSession session, GenerationConfig generation, Set<Integer> ends) {

  /** See {@link Seq2SeqLm#search}. */
  List<List<Hypothesis>> search(
      List<int[]> sources,
      int[] prefix,
      TranslateOptions options,
      IntConsumer progress,
      BooleanSupplier cancelled) {
    int most = session.maxRows() / options.search().beams();
    if (most == 0) {
      throw new IllegalArgumentException(
          "%d beams: the model was loaded for %d sequences at once"
              .formatted(options.search().beams(), session.maxRows()));
    }
    List<List<Hypothesis>> found = new ArrayList<>(Collections.nCopies(sources.size(), List.of()));
    int[] order =
        IntStream.range(0, sources.size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> sources.get(i).length))
            .mapToInt(i -> i)
            .toArray();
    for (int from = 0; from < order.length && !cancelled.getAsBoolean(); ) {
      int[] batch = batch(sources, order, from, most);
      session.encode(Arrays.stream(batch).mapToObj(sources::get).toList());
      List<List<Hypothesis>> best = decode(batch.length, prefix, options, cancelled);
      for (int i = 0; i < batch.length; i++) {
        found.set(batch[i], best.get(i));
      }
      from += batch.length;
      progress.accept(from);
    }
    return found;
  }

  /** As many of the next sources as the session takes at once. */
  private int[] batch(List<int[]> sources, int[] order, int from, int most) {
    int to = from;
    int tokens = 0;
    while (to < order.length && to - from < most) {
      tokens += sources.get(order[to]).length;
      if (to > from && tokens > session.sourceTokens()) {
        break;
      }
      to++;
    }
    return Arrays.copyOfRange(order, from, to);
  }

  private List<List<Hypothesis>> decode(
      int n, int[] prefix, TranslateOptions options, BooleanSupplier cancelled) {
    List<int[]> prompts = Collections.nCopies(n, prompt(prefix));
    if (options.search().beams() == 1) {
      return greedy(prompts, prefix, options, (i, id) -> {}, cancelled).stream()
          .map(List::of)
          .toList();
    }
    return new BeamSearch(session, rules(options, prefix), options.search())
        .search(prompts, prefix.length, cancelled);
  }

  /** The target of one source, token by token. */
  Hypothesis stream(
      int[] source,
      int[] prefix,
      TranslateOptions options,
      GreedySearch.Listener listener,
      BooleanSupplier cancelled) {
    List<int[]> prompts = List.of(prompt(prefix));
    session.encode(List.of(source));
    Arrays.stream(prefix).forEach(id -> listener.token(0, id));
    return greedy(prompts, prefix, options, listener, cancelled).getFirst();
  }

  private List<Hypothesis> greedy(
      List<int[]> prompts,
      int[] prefix,
      TranslateOptions options,
      GreedySearch.Listener listener,
      BooleanSupplier cancelled) {
    return new GreedySearch(session, rules(options, prefix), options.search(), options.sampling())
        .search(prompts, prefix.length, listener, cancelled);
  }

  /** What a target starts from; a forced first token stands before the prefix. */
  private int[] prompt(int[] prefix) {
    int[] first = prefix.length == 0 ? new int[0] : generation.first().stream().toArray();
    int[] prompt = join(new int[] {generation.start()}, first, prefix);
    if (prompt.length > session.context()) {
      throw new IllegalArgumentException(
          "a prefix of %d tokens: the model was loaded for targets of up to %d"
              .formatted(prefix.length, session.context() - 1));
    }
    return prompt;
  }

  private TokenRules rules(TranslateOptions options, int[] prefix) {
    Set<Integer> stops = new HashSet<>(ends);
    stops.addAll(options.sampling().stopIds());
    return new TokenRules(
        stops,
        options.minTokens(),
        options.sampling().maxTokens(),
        prefix.length == 0 ? generation.first() : OptionalInt.empty(),
        generation.last(),
        options.noRepeat(),
        options.suppressed().stream().map(s -> s.stream().mapToInt(i -> i).toArray()).toList(),
        generation.renormalize());
  }

  /**
   * What the decoder reads to write a target: all but its end.
   *
   * @throws IllegalArgumentException if it is longer than what the model was loaded for
   */
  int[] decoderInput(int[] target) {
    int[] input =
        join(new int[] {generation.start()}, generation.first().stream().toArray(), target);
    if (input.length > session.context()) {
      throw new IllegalArgumentException(
          "a target of %d tokens: the model was loaded for up to %d"
              .formatted(target.length, session.context() - input.length + target.length));
    }
    return input;
  }

  /** log p of each token of a target, and of its end token if the model has one. */
  float[] logProbs(int[] source, int[] target) {
    int[] first = generation.first().stream().toArray();
    int[] end = ends.stream().mapToInt(i -> i).sorted().limit(1).toArray();
    int[] text = join(new int[] {generation.start()}, first, target, end);
    if (text.length > session.context()) {
      throw new IllegalArgumentException(
          "a target of %d tokens: the model was loaded for up to %d"
              .formatted(target.length, session.context() - text.length + target.length));
    }
    session.encode(List.of(source));
    float[] all = session.logProbs(List.of(text), () -> false)[0];
    return Arrays.copyOfRange(all, first.length, all.length);
  }

  /** One behind the other. */
  static int[] join(int[]... parts) {
    return Stream.of(parts).flatMapToInt(IntStream::of).toArray();
  }
}
