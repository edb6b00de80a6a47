package dev.heed.cli;

import java.io.IOException;
import java.util.List;

/** Gives texts a window at a time; none at the end. */
@FunctionalInterface
interface TextSource extends AutoCloseable {
  List<String> next(int most) throws IOException;

  @Override
  default void close() throws IOException {}

  /** These texts. */
  static TextSource of(List<String> texts) {
    int[] from = {0};
    return most -> {
      int to = Math.min(texts.size(), from[0] + most);
      List<String> window = texts.subList(from[0], to);
      from[0] = to;
      return window;
    };
  }
}
