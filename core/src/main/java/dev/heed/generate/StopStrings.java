package dev.heed.generate;

import java.util.List;

/**
 * Watches a streamed text for strings that end it, and holds back what may be the beginning of one.
 */
public final class StopStrings {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean found;

  /** Watches for these. */
  public StopStrings(List<String> stops) {
    this.stops = stops;
  }

  /**
   * Takes the next piece and gives the text that is certain now; nothing once a stop string was
   * found.
   */
  public String accept(String piece) {
    if (found) {
      return "";
    }
    held.append(piece);
    int first = -1;
    for (String stop : stops) {
      int at = held.indexOf(stop);
      first = at >= 0 && (first < 0 || at < first) ? at : first;
    }
    if (first >= 0) {
      found = true;
      return take(first);
    }
    return take(held.length() - possibleBeginning());
  }

  /** Whether a stop string appeared. */
  public boolean found() {
    return found;
  }

  /** What was held back, when no more comes. */
  public String finish() {
    return found ? "" : take(held.length());
  }

  private int possibleBeginning() {
    int longest = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
        if (stop.startsWith(held.substring(held.length() - n))) {
          longest = n;
        }
      }
    }
    return longest;
  }

  private String take(int n) {
    String text = held.substring(0, n);
    held.delete(0, n);
    return text;
  }
}
