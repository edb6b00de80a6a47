package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;

import dev.heed.op.Op;
import dev.heed.tck.OpCase;
import dev.heed.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Attention. */
public final class AttentionCases {
  private static final double INF = Double.POSITIVE_INFINITY;
  private static final int[] THREE = {5, 1, 9};

  private final List<OpCase> cases = new ArrayList<>();

  private AttentionCases() {}

  /** The cases for a device with these compute types. */
  public static List<OpCase> all(Set<DType> computeTypes) {
    AttentionCases c = new AttentionCases();
    c.sizes();
    c.batches();
    c.positions();
    c.biases();
    c.variants();
    c.hidden();
    c.paged();
    c.outputs();
    c.types();
    Types.halves(computeTypes).forEach(c::halves);
    return c.cases;
  }

  private void add(String name, Supplier<AttentionSetup> setup) {
    cases.add(new OpCase(Op.Attention.class, name, o -> setup.get().build(o)));
  }

  private static int[] ints(int... values) {
    return values;
  }

  private void sizes() {
    for (int d : ints(1, 2, 7, 32, 40, 64, 80, 96, 128, 256)) {
      add("head size " + d, () -> AttentionSetup.self(7, 3).size(d, d));
      add(
          "head size " + d + ", one query",
          () -> AttentionSetup.decode(ints(1), ints(37)).size(d, d));
    }
    add("d_v above d_k", () -> AttentionSetup.self(6, 2).size(8, 10));
    add("d_v below d_k", () -> AttentionSetup.self(6, 2).size(96, 33));
    add("d_v 1", () -> AttentionSetup.self(6, 2).size(64, 1));
    add("one head", () -> AttentionSetup.self(6, 2).heads(1, 1));
    add("grouped heads 9 of 3", () -> AttentionSetup.self(6, 2).heads(9, 3).size(16, 16));
    add("one KV head for 8", () -> AttentionSetup.self(6, 2).heads(8, 1).size(40, 40));
    add("grouped, one query", () -> AttentionSetup.decode(ints(1, 1), ints(19, 50)).heads(8, 2));
    add("one token", () -> AttentionSetup.self(1));
    add("33 tokens", () -> AttentionSetup.self(33).causal());
    add("130 tokens", () -> AttentionSetup.self(130).causal().heads(2, 1).size(40, 40));
    add("257 tokens, not causal", () -> AttentionSetup.self(257).heads(1, 1).size(32, 32));
    add("one query, 1100 keys", () -> AttentionSetup.decode(ints(1), ints(1100)).heads(4, 1));
  }

  private void batches() {
    add("unequal lengths", () -> AttentionSetup.self(THREE));
    add("unequal lengths, causal", () -> AttentionSetup.self(THREE).causal());
    add("a sequence without rows", () -> AttentionSetup.of(ints(3, 0, 2), ints(5, 4, 0)));
    add("sequences without keys", () -> AttentionSetup.of(ints(3, 2), ints(0, 4)));
    add("no keys at all", () -> AttentionSetup.of(ints(3, 2), ints(0, 0)));
    add("no queries at all", () -> AttentionSetup.of(ints(0, 0), ints(3, 4)));
    add("cross-attention", () -> AttentionSetup.of(ints(4, 7), ints(19, 2)));
    add("shared keys", () -> AttentionSetup.of(ints(1, 1, 1, 1), ints(13, 13, 13, 13)).shared());
    add(
        "an inert sequence",
        () -> AttentionSetup.decode(ints(1, 1, 1), ints(9, 3, 17)).starts(8, -1, 16));
    add("inert, not causal", () -> AttentionSetup.of(ints(2, 3), ints(6, 3)).starts(-1, 0));
    add("bounds above every length", () -> AttentionSetup.self(THREE).causal().roomy());
    add("slices of one matrix", () -> AttentionSetup.self(6, 3).slices());
    add("slices, causal, size 40", () -> AttentionSetup.self(17, 3).slices().size(40, 40).causal());
    add("32 short sequences", () -> AttentionSetup.self(lengths(32)).heads(3, 3).size(32, 32));
  }

  private static int[] lengths(int count) {
    int[] all = new int[count];
    for (int i = 0; i < count; i++) {
      all[i] = i * 7 % 13;
    }
    return all;
  }

  private void positions() {
    add("causal at 0 with more keys", () -> AttentionSetup.of(ints(4), ints(6)).causal());
    add("causal, prefill behind a past", () -> AttentionSetup.decode(ints(5, 17), ints(40, 18)));
    add("causal, one of everything", () -> AttentionSetup.decode(ints(1), ints(1)));
    add(
        "causal, start beyond the keys",
        () -> AttentionSetup.of(ints(3), ints(4)).causal().starts(10));
    for (int window : ints(1, 2, 5, 64)) {
      add("window " + window, () -> AttentionSetup.self(19, 4).causal().window(window));
      add(
          "window " + window + ", one query",
          () -> AttentionSetup.decode(ints(1, 1), ints(90, 3)).window(window));
    }
    add("window, not causal", () -> AttentionSetup.self(11).window(3));
    add("window behind all keys", () -> AttentionSetup.of(ints(2), ints(4)).starts(20).window(3));
    add(
        "window, 200 tokens",
        () -> AttentionSetup.self(200).causal().window(33).heads(1, 1).size(32, 32));
  }

  private void biases() {
    for (boolean b : new boolean[] {false, true}) {
      for (boolean h : new boolean[] {false, true}) {
        String name = "dense bias" + (b ? ", each sequence" : "") + (h ? ", each head" : "");
        add(name, () -> AttentionSetup.self(THREE).dense(b, h));
        add(name + ", causal, room", () -> AttentionSetup.self(THREE).dense(b, h).causal().roomy());
      }
    }
    add(
        "dense bias, d_v and groups",
        () -> AttentionSetup.of(ints(4, 2), ints(6, 5)).heads(6, 2).size(8, 10).dense(true, true));
    add(
        "dense bias, one query",
        () -> AttentionSetup.decode(ints(1, 1), ints(70, 9)).dense(true, true));
    add("relative bias, encoder", () -> AttentionSetup.self(41, 7).relative(32, true, 128));
    add(
        "relative bias, decoder",
        () -> AttentionSetup.self(41, 7).relative(32, false, 128).causal());
    add(
        "relative bias, few buckets",
        () -> AttentionSetup.self(30).relative(8, true, 20).heads(4, 4).size(8, 8));
    add(
        "relative bias, one query far out",
        () -> AttentionSetup.decode(ints(1), ints(300)).relative(32, false, 128));
    add("relative bias, scale 1", () -> AttentionSetup.self(9).relative(32, true, 128).scale(1));
    add("ALiBi, causal", () -> AttentionSetup.self(23, 5).alibi().causal());
    add("ALiBi, not causal", () -> AttentionSetup.self(23, 5).alibi());
    add("ALiBi, one query", () -> AttentionSetup.decode(ints(1, 1), ints(5, 77)).alibi());
  }

  private void variants() {
    add("soft cap", () -> AttentionSetup.self(THREE).softCap(2).scale(0.5f));
    add("soft cap, causal, groups", () -> AttentionSetup.self(21).softCap(30).causal().heads(4, 2));
    add("soft cap and bias", () -> AttentionSetup.self(THREE).softCap(3).dense(true, true));
    add("soft cap, one query", () -> AttentionSetup.decode(ints(1), ints(40)).softCap(5));
    add("ReLU", () -> AttentionSetup.self(THREE).relu());
    add(
        "ReLU, causal, window, bias",
        () -> AttentionSetup.self(THREE).relu().causal().window(4).dense(false, true));
    add("ReLU, one query", () -> AttentionSetup.decode(ints(1), ints(40)).relu());
    add("scale 0", () -> AttentionSetup.self(5).scale(0));
    add("large scores", () -> AttentionSetup.self(9).scale(40));
    for (float p : new float[] {0, 0.1f, 0.5f}) {
      add("dropout " + p, () -> AttentionSetup.self(THREE).dropout(p));
    }
    add(
        "dropout, causal, groups, weights",
        () -> AttentionSetup.self(14, 6).dropout(0.3f).causal().heads(4, 2).weights());
    add("dropout, one query", () -> AttentionSetup.decode(ints(1, 1), ints(40, 6)).dropout(0.3f));
    add("dropout, ReLU", () -> AttentionSetup.self(7).dropout(0.3f).relu());
  }

  private void hidden() {
    double[] mask = {0, -INF, 1, -INF, -INF, -INF, -INF, 2, -INF};
    add("mask hides a whole row", () -> AttentionSetup.self(3, 3).mask(mask));
    add("mask hides, ReLU", () -> AttentionSetup.self(3, 3).mask(mask).relu().weights());
    add("mask hides, soft cap", () -> AttentionSetup.self(3, 3).mask(mask).softCap(2).weights());
    add("mask and causal", () -> AttentionSetup.self(3, 3).mask(mask).causal().weights());
    double[] late = new double[80];
    java.util.Arrays.fill(late, -INF);
    late[79] = 0.5;
    add("mask leaves only the last key", () -> AttentionSetup.of(ints(1), ints(80)).mask(late));
    double[] none = new double[2 * 70];
    java.util.Arrays.fill(none, -INF);
    add("mask hides everything", () -> AttentionSetup.of(ints(2), ints(70)).mask(none).weights());
  }

  private void paged() {
    for (int page : ints(1, 4, 16, 32)) {
      add(
          "pages of " + page,
          () -> AttentionSetup.decode(ints(7, 1, 2), ints(39, 17, 2)).paged(page));
      add(
          "pages of " + page + ", decode",
          () -> AttentionSetup.decode(ints(1, 1, 1), ints(50, 16, 1)).paged(page).heads(4, 2));
    }
    add(
        "pages, an inert sequence",
        () -> AttentionSetup.decode(ints(1, 1), ints(20, 33)).paged(16).starts(-1, 32));
    add("pages, a length of 0", () -> AttentionSetup.of(ints(1, 2), ints(0, 18)).paged(16));
    add("pages, room", () -> AttentionSetup.decode(ints(3, 1), ints(20, 33)).paged(16).roomy());
    add("pages, d_v", () -> AttentionSetup.decode(ints(3, 1), ints(20, 33)).paged(16).size(40, 24));
    add(
        "pages, window",
        () -> AttentionSetup.decode(ints(3, 1), ints(20, 70)).paged(16).window(18));
    add(
        "pages, bias",
        () -> AttentionSetup.decode(ints(3, 1), ints(20, 33)).paged(16).dense(true, false));
    add(
        "pages, relative bias",
        () -> AttentionSetup.decode(ints(1, 1), ints(20, 33)).paged(16).relative(32, false, 128));
    add(
        "pages, soft cap, size 256",
        () -> AttentionSetup.decode(ints(2), ints(35)).paged(16).softCap(9).size(256, 256));
    add(
        "pages, dropout and weights",
        () -> AttentionSetup.decode(ints(2, 1), ints(20, 5)).paged(8).dropout(0.4f).weights());
    add(
        "pages, long",
        () -> AttentionSetup.decode(ints(1, 1), ints(900, 513)).paged(16).heads(8, 2).size(32, 32));
    add(
        "pages, 140 keys",
        () -> AttentionSetup.decode(ints(1), ints(140)).paged(16).heads(2, 1).size(8, 8));
    add(
        "pages, long prefill",
        () -> AttentionSetup.decode(ints(100), ints(150)).paged(16).heads(2, 1).size(32, 32));
  }

  private void outputs() {
    add("weights", () -> AttentionSetup.self(THREE).weights());
    add("weights, causal, room", () -> AttentionSetup.self(THREE).weights().causal().roomy());
    add(
        "weights, groups, long",
        () -> AttentionSetup.self(70, 3).weights().heads(4, 2).size(32, 32));
    add("weights, one query", () -> AttentionSetup.decode(ints(1, 1), ints(80, 2)).weights());
    add(
        "weights, inert",
        () -> AttentionSetup.decode(ints(1, 1), ints(8, 2)).weights().starts(-1, 1));
    add("weights, no keys", () -> AttentionSetup.of(ints(1, 1), ints(0, 2)).weights());
  }

  private void types() {
    for (DType kv : List.of(DType.F16, DType.BF16)) {
      add(
          kv + " pages",
          () -> AttentionSetup.decode(ints(5, 1), ints(39, 17)).paged(16).types(F32, kv));
      add(
          kv + " pages, decode",
          () ->
              AttentionSetup.decode(ints(1, 1), ints(39, 170))
                  .paged(16)
                  .types(F32, kv)
                  .heads(4, 1));
      add(kv + " keys and values", () -> AttentionSetup.self(7, 3).types(F32, kv));
    }
  }

  private void halves(DType c) {
    for (int d : ints(40, 64, 80, 96, 128, 256)) {
      add(c + ", head size " + d, () -> AttentionSetup.self(33, 3).causal().size(d, d).types(c, c));
      add(
          c + ", pages, decode, head size " + d,
          () ->
              AttentionSetup.decode(ints(1, 1), ints(39, 170))
                  .paged(16)
                  .heads(4, 2)
                  .size(d, d)
                  .types(c, c));
    }
    add(
        c + ", dense bias, weights",
        () -> AttentionSetup.self(THREE).dense(true, true).weights().types(c, c));
    add(c + ", slices", () -> AttentionSetup.self(17, 3).slices().types(c, c));
    halvesLong(c);
    halvesBiased(c);
  }

  private void halvesLong(DType c) {
    add(
        c + ", 150 tokens, groups",
        () -> AttentionSetup.self(150, 7).causal().heads(4, 2).types(c, c));
    add(
        c + ", pages, 70 tokens behind 300",
        () -> AttentionSetup.decode(ints(70), ints(370)).paged(16).heads(2, 1).types(c, c));
    add(
        c + ", pages, decode, 700 keys, nine heads",
        () -> AttentionSetup.decode(ints(1, 1), ints(700, 256)).paged(16).heads(9, 1).types(c, c));
    add(
        c + ", window",
        () -> AttentionSetup.decode(ints(90, 3), ints(330, 80)).window(67).types(c, c));
    add(
        c + ", window, decode",
        () -> AttentionSetup.decode(ints(1, 1), ints(600, 90)).paged(16).window(40).types(c, c));
    add(c + ", d_v below d_k", () -> AttentionSetup.self(20).size(96, 40).types(c, c));
    add(c + ", d_v above d_k", () -> AttentionSetup.self(20).size(64, 128).types(c, c));
    add(c + ", size 33", () -> AttentionSetup.self(20).size(33, 33).types(c, c));
    add(
        c + ", sequences without rows or keys",
        () -> AttentionSetup.of(ints(3, 0, 2, 4), ints(5, 4, 0, 9)).types(c, c));
    add(
        c + ", an inert sequence",
        () -> AttentionSetup.decode(ints(1, 1, 1), ints(9, 3, 270)).starts(8, -1, 269).types(c, c));
    add(c + ", room", () -> AttentionSetup.self(THREE).causal().roomy().types(c, c));
    add(c + ", cross-attention", () -> AttentionSetup.of(ints(40, 7), ints(190, 2)).types(c, c));
  }

  private void halvesBiased(DType c) {
    add(
        c + ", dense bias, 80 tokens",
        () -> AttentionSetup.self(80, 3).dense(true, true).heads(4, 2).types(c, c));
    add(
        c + ", dense bias, size 128, one query",
        () ->
            AttentionSetup.decode(ints(1, 1), ints(70, 9))
                .dense(true, true)
                .size(128, 128)
                .types(c, c));
    add(
        c + ", relative bias",
        () -> AttentionSetup.self(41, 7).relative(32, true, 128).types(c, c));
    add(c + ", ALiBi", () -> AttentionSetup.self(73, 5).alibi().causal().types(c, c));
    add(
        c + ", soft cap, size 256",
        () ->
            AttentionSetup.decode(ints(50), ints(75))
                .paged(16)
                .softCap(9)
                .size(256, 256)
                .types(c, c));
    double[] none = new double[3 * 70];
    java.util.Arrays.fill(none, 70, 210, -INF);
    none[209] = 0.5;
    add(
        c + ", mask hides a row, and all but a key",
        () -> AttentionSetup.of(ints(3), ints(70)).mask(none).softCap(4).types(c, c));
  }
}
