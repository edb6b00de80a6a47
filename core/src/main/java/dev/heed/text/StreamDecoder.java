package dev.heed.text;

import java.util.Arrays;

/**
 * Turns ids into text as they are generated. A piece never ends within a character; what is not
 * decided yet is held back until a later id or {@link #finish} decides it. All pieces together
 * equal {@link Tokenizer#decode} of all ids. Serves one thread at a time.
 *
 * <p>The window holds the ids of the last complete piece, which give the decoder its left context
 * (SentencePiece drops the space of a first token only), then the ids that are still open.
 */
public final class StreamDecoder implements TextStream {
  private static final char REPLACEMENT = '\uFFFD';
  private static final int CONTEXT = 16;

  private final Tokenizer tokenizer;
  private final boolean skipSpecial;
  private int[] window = new int[CONTEXT];
  private int count; // ids in the window
  private int complete; // how many of them belong to the last complete piece
  private int given; // chars of the window's text that were handed out

  StreamDecoder(Tokenizer tokenizer, boolean skipSpecial) {
    this.tokenizer = tokenizer;
    this.skipSpecial = skipSpecial;
  }

  /**
   * Starts over, behind the text of {@code ids} (a prompt): their text is not handed out, but it
   * decides whether the next token is a first one.
   */
  public void startAfter(int[] ids) {
    count = 0;
    for (int i = ids.length - 1; i >= 0 && count < CONTEXT; i--) {
      if (!isSilent(ids[i])) {
        window[count++] = ids[i];
      }
    }
    for (int i = 0; i < count / 2; i++) {
      int swap = window[i];
      window[i] = window[count - 1 - i];
      window[count - 1 - i] = swap;
    }
    complete = count;
    given = text().length();
  }

  /**
   * The text that this id adds, often empty. An id past the vocabulary, which a model with padded
   * embedding rows can produce, adds nothing.
   *
   * @throws IllegalArgumentException if the id is negative
   */
  @Override
  public String feed(int id) {
    if (isSilent(id)) {
      return "";
    }
    if (count == window.length) {
      window = Arrays.copyOf(window, 2 * count);
    }
    window[count++] = id;
    if (tokenizer.isByteFallback(id)) {
      return ""; // a run of byte tokens is decoded as a whole
    }
    String text = text();
    boolean open = !text.isEmpty() && text.charAt(text.length() - 1) == REPLACEMENT;
    String piece = take(text, open ? text.length() - 1 : text.length());
    if (!open) {
      slide();
    }
    return piece;
  }

  /** The text held back, with U+FFFD for a character that was never completed; starts over. */
  @Override
  public String finish() {
    String text = text();
    String piece = take(text, text.length());
    count = 0;
    complete = 0;
    given = 0;
    return piece;
  }

  private boolean isSilent(int id) {
    if (id < 0) {
      throw new IllegalArgumentException("id " + id + ": ids start at 0");
    }
    return id >= tokenizer.vocabularySize() || (skipSpecial && tokenizer.isSpecial(id));
  }

  private String text() {
    return count == 0 ? "" : tokenizer.decode(Arrays.copyOf(window, count), skipSpecial);
  }

  private String take(String text, int end) {
    String piece = text.substring(Math.min(given, end), end);
    given = Math.max(given, end);
    return piece;
  }

  /** The ids of the piece just completed become the context of the next. */
  private void slide() {
    System.arraycopy(window, complete, window, 0, count - complete);
    count -= complete;
    complete = count;
    given = text().length();
  }
}
