package dev.heed.opencl;

import static dev.heed.opencl.Family.CPU;
import static dev.heed.opencl.Family.LOCAL;
import static dev.heed.opencl.Family.SUBGROUP;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.BiPredicate;

/**
 * The numbers in kernels that decide how fast they are and not what they compute. A kernel gets
 * those of its {@link Group} as {@code -D} options, unless its {@link Entry} gives the macro
 * itself; launches ask {@link Tuning#get}. Names in lower case are for launches alone.
 */
enum Tunable {
  ELEMENTS_GROUP(Group.ELEMENTS, "GROUP", 64, "work-items of a group", 16, 32, 64, 128, 256),
  ROWS_LANES(Group.ROWS, "LANES", 64, "work-items that share a row", 16, 32, 64, 128, 256),
  SAMPLE_LANES(Group.SAMPLE, "LANES", 64, "work-items that share a row", 32, 64, 128),
  MATMUL_ROWS(Group.MATMUL, "ROWS", 4, "rows of x that share what was read of w", 1, 2, 4, 8),
  MATMUL_ITEMS(Group.MATMUL, "ITEMS", 8, "work-items of a group", 1, 4, 8, 16, 32, 64),
  ATTENTION_ITEMS(Group.ATTENTION, "ITEMS", 1, "work-items of a group", 1, 4, 16, 32, 64),
  FLASH_ROWS(Group.FLASH, "rows", 32, "most queries and heads of a work-group", 16, 32, 64),
  FLASH_TILE_LANES(Group.FLASH, "TILE_LANES", 16, "work-items along the keys", 8, 16, 32),
  FLASH_TILE_ROWS(Group.FLASH, "TILE_ROWS", 4, "rows of a work-item", 2, 4, 8),
  FLASH_TILE_KEYS(Group.FLASH, "TILE_KEYS", 4, "keys of a work-item", 1, 2, 4),
  FLASH_FEW_LANES(Group.FLASH, "FEW_LANES", 64, "work-items where rows are few", 32, 64, 128),
  PANELS_TILE_ROWS(
      Group.PANELS, "TILE_ROWS", 96, "rows of x that share an expanded piece", 24, 48, 96, 192),
  PANELS_TILE_PANELS(
      Group.PANELS, "TILE_PANELS", 12, "panels that share what was read of x", 4, 8, 12, 16),
  PANELS_TOGETHER(Group.PANELS, "together", 4, "most panels of a row's work-item", 1, 2, 4),
  PANELS_SUBNORMALS(
      Group.PANELS, "SUBNORMALS", 0, "1: quants of one row's product as subnormal numbers", 0, 1),
  LANES_VECTORS(Group.LANES, "vectors", 3, "most rows of a work-item, in vectors of 16", 1, 2, 3),
  LOCAL_TILE_M(Group.MATMUL_LOCAL, "TILE_M", 64, "rows of out a group", 32, 64, 128),
  LOCAL_TILE_N(Group.MATMUL_LOCAL, "TILE_N", 64, "columns of out a group", 32, 64, 128),
  LOCAL_TILE_K(Group.MATMUL_LOCAL, "TILE_K", 32, "k in local memory at a time", 32, 64),
  LOCAL_ITEM_M(Group.MATMUL_LOCAL, "PER_ITEM_M", 4, "rows an item", 2, 4, 8),
  LOCAL_ITEM_N(Group.MATMUL_LOCAL, "PER_ITEM_N", 8, "columns an item", 8, 16),
  LOCAL_BUFFERS(Group.MATMUL_LOCAL, "BUFFERS", 1, "tiles of an operand in local memory", 1, 2),
  SUBGROUP_ITEM_M(Group.MATMUL_SUBGROUP, "PER_ITEM_M", 8, "rows of out a subgroup", 4, 8, 16),
  SUBGROUP_ITEM_N(Group.MATMUL_SUBGROUP, "PER_ITEM_N", 1, "columns of out an item", 1, 2, 4),
  VEC_COLUMNS(Group.MATVEC_LOCAL, "OUT_COLUMNS", 16, "columns of out a group", 4, 8, 16, 32),
  VEC_SLICES(Group.MATVEC_LOCAL, "SLICES", 16, "items that share a column", 4, 8, 16, 32),
  VEC_UNROLL(Group.MATVEC_LOCAL, "UNROLL", 2, "chunks of w on their way at once", 1, 2, 4),
  VEC_FEW(Group.MATVEC_LOCAL, "few", 8, "rows of x up to which w is read once", 1, 2, 4, 8),
  SUBVEC_COLUMNS(Group.MATVEC_SUBGROUP, "OUT_COLUMNS", 4, "columns of out a subgroup", 2, 4, 8, 16),
  SUBVEC_UNROLL(Group.MATVEC_SUBGROUP, "UNROLL", 2, "chunks of w on their way at once", 1, 2, 4),
  SUBVEC_FEW(Group.MATVEC_SUBGROUP, "few", 8, "rows of x up to which w is read once", 1, 2, 4, 8);

  /** Kernels that share their numbers. */
  enum Group {
    ELEMENTS(
        EnumSet.allOf(Family.class),
        (t, d) -> t.get(ELEMENTS_GROUP) <= d.maxGroupSize(),
        "activate.cl",
        "add.cl",
        "cast.cl",
        "copy.cl",
        "dropout.cl",
        "fill.cl",
        "gather.cl",
        "gatherpanels.cl",
        "gatherstrips.cl",
        "mul.cl",
        "pool.cl",
        "rope.cl",
        "storerows.cl"),
    ROWS(
        EnumSet.of(LOCAL, SUBGROUP),
        (t, d) -> t.get(ROWS_LANES) <= d.maxGroupSize(),
        "attentionmerge.cl",
        "norm.cl",
        "qkvropestore.cl",
        "softmax.cl",
        "topk.cl",
        "topkmany.cl"),
    SAMPLE(
        EnumSet.of(LOCAL, SUBGROUP),
        (t, d) ->
            t.get(SAMPLE_LANES) <= d.maxGroupSize()
                && (8 * 17 + 4) * t.get(SAMPLE_LANES) <= d.localMemoryBytes(), // its bins
        "samplegroup.cl"),
    MATMUL(EnumSet.of(CPU), (t, d) -> t.get(MATMUL_ITEMS) <= d.maxGroupSize(), "matmul.cl"),
    ATTENTION(
        EnumSet.of(CPU), (t, d) -> t.get(ATTENTION_ITEMS) <= d.maxGroupSize(), "attention.cl"),
    FLASH(EnumSet.of(LOCAL, SUBGROUP), FlashTiles::fits, "attentionflash.cl"),
    PANELS(
        EnumSet.of(CPU),
        (t, d) -> t.get(PANELS_SUBNORMALS) == 0 || d.hasSubnormals(),
        "matmulblockfloat.cl",
        "chain.cl",
        "matmulpanels.cl",
        "matmulrounded.cl",
        "matvecpanels.cl",
        "matvecrounded.cl"),
    LANES(EnumSet.of(CPU), (t, d) -> true, "attentionlanes.cl"),
    MATMUL_LOCAL(EnumSet.of(LOCAL), Tunable::tileFits, "matmullocal.cl"),
    MATMUL_SUBGROUP(EnumSet.of(SUBGROUP), (t, d) -> true, "matmulsubgroup.cl"),
    MATVEC_LOCAL(
        EnumSet.of(LOCAL),
        (t, d) -> t.get(VEC_COLUMNS) * t.get(VEC_SLICES) <= d.maxGroupSize(),
        "matvec.cl"),
    MATVEC_SUBGROUP(
        EnumSet.of(SUBGROUP),
        (t, d) -> t.get(SUBVEC_COLUMNS) <= Subgroups.usedOn(d).size(),
        "matvec.cl");

    private final Set<Family> families;
    private final BiPredicate<Tuning, ClDevice> constraint;
    private final Set<String> files;

    /**
     * A group.
     *
     * @param families whose devices have these kernels
     * @param constraint whether values go together on a device
     * @param files kernel files, as {@link Entry#file} names them
     */
    Group(Set<Family> families, BiPredicate<Tuning, ClDevice> constraint, String... files) {
      this.families = families;
      this.constraint = constraint;
      this.files = Set.of(files);
    }

    boolean has(Family family) {
      return families.contains(family);
    }

    /** What files call it. */
    String key() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** The kernel files of the group. */
    Set<String> files() {
      return files;
    }

    /** The numbers of the group. */
    List<Tunable> tunables() {
      return Arrays.stream(Tunable.values()).filter(t -> t.group == this).toList();
    }

    /** Whether the group's values go together on a device. */
    boolean fits(Tuning tuning, ClDevice device) {
      return constraint.test(tuning, device);
    }
  }

  private final Group group;
  private final String macro;
  private final int standard;
  private final String meaning;
  private final int[] legal;

  Tunable(Group group, String macro, int standard, String meaning, int... legal) {
    this.group = group;
    this.macro = macro;
    this.standard = standard;
    this.meaning = meaning;
    this.legal = legal;
  }

  /** Whether a tile's items and its local memory, with the padding of matmullocal.cl, are there. */
  private static boolean tileFits(Tuning t, ClDevice device) {
    int m = t.get(LOCAL_TILE_M);
    int n = t.get(LOCAL_TILE_N);
    int k = t.get(LOCAL_TILE_K);
    int items = m / t.get(LOCAL_ITEM_M) * (n / t.get(LOCAL_ITEM_N));
    long floats = t.get(LOCAL_BUFFERS) * ((long) m * (k + 4) + (long) k * (n + 4));
    return items <= device.maxGroupSize() && Float.BYTES * floats <= device.localMemoryBytes();
  }

  Group group() {
    return group;
  }

  /** What kernels call it. */
  String macro() {
    return macro;
  }

  /** What files call it: {@code matmul.ROWS}. */
  String key() {
    return group.key() + "." + macro;
  }

  /** The value where nothing is known of a device. */
  int standard() {
    return standard;
  }

  String meaning() {
    return meaning;
  }

  /** All values, in ascending order. */
  int[] legal() {
    return legal.clone();
  }

  /** Whether kernels are built with it. */
  boolean isMacro() {
    return macro.equals(macro.toUpperCase(Locale.ROOT));
  }

  /**
   * The tunable of a key.
   *
   * @throws IllegalArgumentException if there is none; the message names those there are
   */
  static Tunable of(String key) {
    return Arrays.stream(values())
        .filter(t -> t.key().equals(key))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "tuning: no '%s'; there are %s"
                        .formatted(key, Arrays.stream(values()).map(Tunable::key).toList())));
  }

  /**
   * A legal value.
   *
   * @throws IllegalArgumentException if it is none; the message names those there are
   */
  int parse(String text) {
    for (int value : legal) {
      if (Integer.toString(value).equals(text)) {
        return value;
      }
    }
    throw new IllegalArgumentException(
        "tuning: %s=%s: want one of %s".formatted(key(), text, Arrays.toString(legal)));
  }

  /**
   * Values by their keys.
   *
   * @throws IllegalArgumentException if a key or value is not legal
   */
  static Map<Tunable, Integer> parse(Properties lines) {
    Map<Tunable, Integer> values = new EnumMap<>(Tunable.class);
    for (String key : lines.stringPropertyNames()) {
      Tunable tunable = of(key);
      values.put(tunable, tunable.parse(lines.getProperty(key).strip()));
    }
    return values;
  }
}
