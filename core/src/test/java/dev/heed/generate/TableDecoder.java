package dev.heed.generate;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;

/** A decoder without a model: the next token depends, at random, on the whole text so far. */
final class TableDecoder implements BatchDecoder {
  private final int maxRows;
  private final int vocabulary;
  private final int context;
  private final long seed;
  private List<int[]> texts = List.of();

  TableDecoder(int maxRows, int vocabulary, int context, long seed) {
    this.maxRows = maxRows;
    this.vocabulary = vocabulary;
    this.context = context;
    this.seed = seed;
  }

  /** Logits after a text. */
  float[] after(int[] text) {
    Random random = new Random(seed ^ 31L * Arrays.hashCode(text));
    float[] logits = new float[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      logits[i] = (float) random.nextGaussian();
    }
    return logits;
  }

  /** log softmax of the logits after a text. */
  double[] logProbs(int[] text) {
    float[] logits = after(text);
    double total = 0;
    for (float l : logits) {
      total += Math.exp(l);
    }
    double[] out = new double[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      out[i] = logits[i] - Math.log(total);
    }
    return out;
  }

  @Override
  public int maxRows() {
    return maxRows;
  }

  @Override
  public int vocabulary() {
    return vocabulary;
  }

  @Override
  public int context() {
    return context;
  }

  @Override
  public int rows() {
    return texts.size();
  }

  @Override
  public void begin(List<int[]> prompts, BooleanSupplier cancelled) {
    texts = List.copyOf(prompts);
  }

  @Override
  public void step(int[] parents, int[] ids) {
    List<int[]> next = new ArrayList<>();
    for (int r = 0; r < parents.length; r++) {
      int[] text = texts.get(parents[r]);
      if (text.length == context) {
        throw new IllegalStateException("the context is full");
      }
      next.add(Arrays.copyOf(text, text.length + 1));
      next.get(r)[text.length] = ids[r];
    }
    texts = next;
  }

  @Override
  public Ranking rank(int k, int[][] banned, boolean renormalize) {
    float[] values = new float[rows() * k];
    int[] ids = new int[rows() * k];
    for (int r = 0; r < rows(); r++) {
      double[] all = logProbs(texts.get(r));
      if (banned != null) {
        Arrays.stream(banned[r]).forEach(id -> all[id] = Double.NEGATIVE_INFINITY);
      }
      double total = renormalize ? Math.log(Arrays.stream(all).map(Math::exp).sum()) : 0;
      Integer[] order = new Integer[vocabulary];
      Arrays.setAll(order, i -> i);
      Arrays.sort(order, (a, b) -> Double.compare(all[b], all[a]));
      for (int i = 0; i < k; i++) {
        values[r * k + i] = (float) (all[order[i]] - total);
        ids[r * k + i] = order[i];
      }
    }
    return new Ranking(k, MemorySegment.ofArray(values), MemorySegment.ofArray(ids));
  }

  @Override
  public MemorySegment logits() {
    MemorySegment all = MemorySegment.ofArray(new float[rows() * vocabulary]);
    for (int r = 0; r < rows(); r++) {
      long at = (long) r * vocabulary * Float.BYTES;
      MemorySegment.copy(after(texts.get(r)), 0, all, ValueLayout.JAVA_FLOAT, at, vocabulary);
    }
    return all;
  }

  @Override
  public float[][] logProbs(List<int[]> sequences, BooleanSupplier cancelled) {
    texts = List.of();
    return sequences.stream().map(this::ofEach).toArray(float[][]::new);
  }

  private float[] ofEach(int[] text) {
    float[] values = new float[text.length - 1];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) logProbs(Arrays.copyOf(text, i + 1))[text[i + 1]];
    }
    return values;
  }
}
