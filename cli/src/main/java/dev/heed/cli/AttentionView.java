package dev.heed.cli;

import dev.heed.AttentionMap;
import dev.heed.Token;
import dev.heed.op.Probe;
import java.util.List;

/** One attention map as people are shown it. */
record AttentionView(AttentionMap map) {
  /** Which attention, in words. */
  String title() {
    return switch (map.stage()) {
      case ENCODER -> "Encoder";
      case DECODER -> "Decoder";
      case CROSS -> "Cross";
    };
  }

  boolean isCross() {
    return map.stage() == Probe.Stage.CROSS;
  }

  /** True if no query sees the keys behind it. */
  boolean isCausal() {
    return map.stage() == Probe.Stage.DECODER;
  }

  /** How many keys a query may see. */
  int visible(int query) {
    return isCausal() ? query + 1 : map.keys().size();
  }

  /** Tokens with white space made visible. */
  static List<String> labels(List<Token> tokens) {
    return tokens.stream().map(AttentionView::label).toList();
  }

  private static String label(Token token) {
    String text =
        token
            .text()
            .replace("\n", "\u21b5")
            .replace("\t", "\u21e5")
            .replaceAll("\\p{Cntrl}", "\u2423");
    String word = text.strip();
    return word.isEmpty() ? text.isEmpty() ? "#" + token.id() : "\u2423" : word;
  }
}
