package dev.heed.text;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongFunction;

/**
 * The one class that calls Hugging Face's tokenizers, through DJL's native methods. DJL's own
 * wrapper is passed by: it truncates to 512 tokens unless told otherwise and reports its use.
 *
 * <p>Many threads may encode and decode at once; {@link #close} waits for them.
 */
final class NativeTokenizer implements AutoCloseable {
  private static final TokenizersLibrary LIBRARY = NativeLibrary.load();

  /** How many hold native memory. */
  static final AtomicInteger OPEN = new AtomicInteger();

  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private long handle;

  /**
   * A tokenizer of this {@code tokenizer.json} text; its truncation and padding are switched off.
   *
   * @throws RuntimeException with the library's reason if it refuses the text
   */
  NativeTokenizer(String json) {
    handle = LIBRARY.createTokenizerFromString(json);
    OPEN.incrementAndGet();
    LIBRARY.disableTruncation(handle);
    LIBRARY.disablePadding(handle);
  }

  /** Ids of one text. */
  int[] encode(String text, boolean addSpecial) {
    return use(
        h -> {
          long encoding = LIBRARY.encode(h, wellFormed(text), addSpecial);
          try {
            return toInts(LIBRARY.getTokenIds(encoding));
          } finally {
            LIBRARY.deleteEncoding(encoding);
          }
        });
  }

  /** Ids and offsets of one text, or of two where {@code second} is not null. */
  Encoding encode(String first, String second, boolean addSpecial) {
    return use(
        h -> {
          long encoding =
              second == null
                  ? LIBRARY.encode(h, wellFormed(first), addSpecial)
                  : LIBRARY.encodeDual(h, wellFormed(first), wellFormed(second), addSpecial);
          try {
            return read(encoding, first, second);
          } finally {
            LIBRARY.deleteEncoding(encoding);
          }
        });
  }

  private static Encoding read(long encoding, String first, String second) {
    int[] ids = toInts(LIBRARY.getTokenIds(encoding));
    int[] sequences = toInts(LIBRARY.getSequenceIds(encoding));
    CharSpan[] spans = LIBRARY.getTokenCharSpans(encoding);
    int[][] charOf = {charOf(first), second == null ? null : charOf(second)};
    int[] starts = new int[ids.length];
    int[] ends = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      if (spans[i] == null) {
        sequences[i] = -1;
        continue;
      }
      int[] chars = charOf[Math.max(sequences[i], 0)];
      starts[i] = chars == null ? spans[i].getStart() : chars[spans[i].getStart()];
      ends[i] = chars == null ? spans[i].getEnd() : chars[spans[i].getEnd()];
    }
    return new Encoding(ids, toInts(LIBRARY.getTypeIds(encoding)), sequences, starts, ends);
  }

  /** The library counts code points: index of the char of each; null where they are the same. */
  private static int[] charOf(String text) {
    int n = text.codePointCount(0, text.length());
    if (n == text.length()) {
      return null;
    }
    int[] chars = new int[n + 1];
    for (int i = 0; i < n; i++) {
      chars[i + 1] = chars[i] + Character.charCount(text.codePointAt(chars[i]));
    }
    return chars;
  }

  /** Text of ids that the caller has checked. */
  String decode(int[] ids, boolean skipSpecial) {
    long[] wide = Arrays.stream(ids).asLongStream().toArray();
    return use(h -> LIBRARY.decode(h, wide, skipSpecial));
  }

  private <T> T use(LongFunction<T> work) {
    Lock read = lock.readLock();
    read.lock();
    if (handle == 0) {
      read.unlock();
      throw new IllegalStateException("the tokenizer is closed");
    }
    try {
      return work.apply(handle);
    } catch (RuntimeException e) {
      throw new TokenizerException("the tokenizer library fails: " + e.getMessage(), e);
    } finally {
      read.unlock();
    }
  }

  /** Frees the native memory; a second call does nothing. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (handle != 0) {
        LIBRARY.deleteTokenizer(handle);
        OPEN.decrementAndGet();
        handle = 0;
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** The text with U+FFFD in place of each surrogate that has no partner: UTF-8 has none. */
  static String wellFormed(String text) {
    int i = 0;
    int n = text.length();
    while (i < n && !Character.isSurrogate(text.charAt(i))) {
      i++;
    }
    if (i == n) {
      return text;
    }
    StringBuilder out = new StringBuilder(n).append(text, 0, i);
    while (i < n) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      boolean alone = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
      out.appendCodePoint(alone ? 0xFFFD : c);
    }
    return out.toString();
  }

  private static int[] toInts(long[] values) {
    int[] out = new int[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (int) values[i];
    }
    return out;
  }
}
