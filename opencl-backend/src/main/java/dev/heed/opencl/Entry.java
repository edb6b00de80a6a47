package dev.heed.opencl;

import java.util.Set;

/** Every kernel function: its file, and what specialises it, in the order it is given. */
enum Entry {
  COPY("copy.cl", "copy", "UNIT"),
  FILL("fill.cl", "fill", "UNIT"),
  CAST("cast.cl", "cast", "OUT", "X"),
  GATHER("gather.cl", "gather", "OUT", "X"),
  STORE_ROWS("storerows.cl", "storerows", "OUT", "X"),
  ADD("add.cl", "add", "OUT", "A", "B"),
  ADD_FLAT("add.cl", "add", "OUT", "A", "B", "FLAT"),
  ADD_INTS("add.cl", "add", "ADD_INTS"),
  MUL("mul.cl", "mul", "OUT", "A", "B"),
  MUL_FLAT("mul.cl", "mul", "OUT", "A", "B", "FLAT"),
  ACTIVATE("activate.cl", "activate", "OUT", "X", "FN"),
  DROPOUT("dropout.cl", "dropout", "OUT", "X"),
  ADVANCE("advance.cl", "advance"),
  NORM("norm.cl", "norm", "OUT", "X", "KIND"),
  ADD_NORM("norm.cl", "norm", "OUT", "X", "A", "B", "KIND", "ADDS"),
  ROPE("rope.cl", "rope", "OUT", "X"),
  SOFTMAX("softmax.cl", "softmax", "LOG"),
  POOL("pool.cl", "pool", "OUT", "X", "KIND"),
  TOP_K("topk.cl", "topk"),
  TOP_K_MANY("topkmany.cl", "topkmany"),
  MATMUL_NK("matmul.cl", "matmul_nk", "OUT", "X", "W", "RESIDUAL", "ROWS", "W_ROWS"),
  MATMUL_KN("matmul.cl", "matmul_kn", "OUT", "X", "W", "RESIDUAL", "ROWS"),
  GATED_LINEAR("matmul.cl", "matmul_nk", "OUT", "X", "W", "RESIDUAL", "ROWS", "W_ROWS", "GATED"),
  PACK_PANELS("packpanels.cl", "packpanels", "W"),
  PACK_TRANSPOSED("packpanels.cl", "packpanels", "W", "TRANSPOSED"),
  UNPACK_PANELS("packpanels.cl", "unpackpanels", "W"),
  GATHER_PANELS("gatherpanels.cl", "gatherpanels", "OUT", "W"),
  PANEL_SUMS("panelsums.cl", "panelsums", "X"),
  MATVEC_PANELS("matvecpanels.cl", "matvecpanels", "OUT", "X", "W", "FN", "PANELS"),
  MATVEC_PANELS_RESIDUAL(
      "matvecpanels.cl", "matvecpanels", "OUT", "X", "W", "FN", "PANELS", "RESIDUAL"),
  MATVEC_PANELS_GATED("matvecpanels.cl", "matvecpanels", "OUT", "X", "W", "FN", "PANELS", "GATED"),
  MATMUL_PANELS("matmulpanels.cl", "matmulpanels", "OUT", "X", "W", "FN"),
  MATMUL_PANELS_RESIDUAL("matmulpanels.cl", "matmulpanels", "OUT", "X", "W", "FN", "RESIDUAL"),
  MATMUL_PANELS_GATED("matmulpanels.cl", "matmulpanels", "OUT", "X", "W", "FN", "GATED"),
  DOTS("dots.cl", "dots"),
  MATVEC_ROUNDED("matvecrounded.cl", "matvecrounded", "OUT", "X", "W", "FN", "DOTS"),
  MATVEC_ROUNDED_RESIDUAL(
      "matvecrounded.cl", "matvecrounded", "OUT", "X", "W", "FN", "DOTS", "RESIDUAL"),
  MATVEC_ROUNDED_GATED("matvecrounded.cl", "matvecrounded", "OUT", "X", "W", "FN", "DOTS", "GATED"),
  MATMUL_ROUNDED("matmulrounded.cl", "matmulrounded", "OUT", "X", "W", "FN", "DOTS"),
  MATMUL_ROUNDED_RESIDUAL(
      "matmulrounded.cl", "matmulrounded", "OUT", "X", "W", "FN", "DOTS", "RESIDUAL"),
  MATMUL_ROUNDED_GATED("matmulrounded.cl", "matmulrounded", "OUT", "X", "W", "FN", "DOTS", "GATED"),
  PACK_BLOCK_FLOAT("packblockfloat.cl", "packblockfloat", "W"),
  PACK_BLOCK_FLOAT_TRANSPOSED("packblockfloat.cl", "packblockfloat", "W", "TRANSPOSED"),
  UNPACK_BLOCK_FLOAT("packblockfloat.cl", "unpackblockfloat", "W"),
  ROUND_ROWS("roundrows.cl", "roundrows", "X"),
  MATVEC_BLOCK_FLOAT("matvecblockfloat.cl", "matvecblockfloat", "OUT", "X", "W", "FN", "DOTS"),
  MATVEC_BLOCK_FLOAT_RESIDUAL(
      "matvecblockfloat.cl", "matvecblockfloat", "OUT", "X", "W", "FN", "DOTS", "RESIDUAL"),
  MATVEC_BLOCK_FLOAT_GATED(
      "matvecblockfloat.cl", "matvecblockfloat", "OUT", "X", "W", "FN", "DOTS", "GATED"),
  MATMUL_BLOCK_FLOAT("matmulblockfloat.cl", "matmulblockfloat", "OUT", "X", "W", "FN", "DOTS"),
  MATMUL_BLOCK_FLOAT_RESIDUAL(
      "matmulblockfloat.cl", "matmulblockfloat", "OUT", "X", "W", "FN", "DOTS", "RESIDUAL"),
  MATMUL_BLOCK_FLOAT_GATED(
      "matmulblockfloat.cl", "matmulblockfloat", "OUT", "X", "W", "FN", "DOTS", "GATED"),
  CHAIN("chain.cl", "chain", "X", "W", "DOTS", "PANELS", "FN", "KIND"),
  CHAIN_BLOCK_FLOAT("chain.cl", "chain", "X", "W", "DOTS", "PANELS", "FN", "KIND", "BLOCK_FLOAT"),
  PACK_STRIPS("packstrips.cl", "packstrips", "W"),
  PACK_STRIPS_TRANSPOSED("packstrips.cl", "packstrips", "W", "TRANSPOSED"),
  UNPACK_STRIPS("packstrips.cl", "unpackstrips", "W"),
  GATHER_STRIPS("gatherstrips.cl", "gatherstrips", "OUT", "W"),
  MATMUL_LOCAL("matmullocal.cl", "matmullocal", "OUT", "X", "W", "RESIDUAL", "SOURCE", "GATED"),
  MATMUL_SUBGROUP(
      "matmulsubgroup.cl", "matmulsubgroup", "OUT", "X", "W", "RESIDUAL", "SOURCE", "GATED"),
  MATVEC("matvec.cl", "matvec", "OUT", "X", "W", "RESIDUAL", "SOURCE", "GATED", "X_ROWS"),
  QKV_ROPE_STORE("qkvropestore.cl", "qkvropestore", "Q", "PAGES", "X"),
  ATTENTION_FLASH(
      "attentionflash.cl", "attentionflash", "OUT", "X", "KV", "VALUE_TILES", "ROWS_LOG"),
  ATTENTION_MERGE("attentionmerge.cl", "attentionmerge", "OUT"),
  ATTENTION_TILE("attentiontile.cl", "attentiontile", "OUT", "X", "KV", "DK", "DV", "FOURS"),
  ATTENTION_LANES("attentionlanes.cl", "attentionlanes", "OUT", "X", "KV", "DK", "DV", "VECTORS"),
  ATTENTION_MAP("attention.cl", "attention_map", "OUT", "X", "KV", "TILES"),
  SAMPLE("sample.cl", "sample"),
  SAMPLE_GROUP("samplegroup.cl", "samplegroup");

  /** Kernels for many rows that use all cores, and say so when they begin: SAY_STARTED in them. */
  private static final Set<String> LONG =
      Set.of("attentionlanes.cl", "matmulpanels.cl", "matmulrounded.cl");

  private final String file;
  private final String function;
  private final String[] macros;

  Entry(String file, String function, String... macros) {
    this.file = file;
    this.function = function;
    this.macros = macros;
  }

  String file() {
    return file;
  }

  String function() {
    return function;
  }

  /** Whether a {@link SpinWait} keeps threads awake for it. */
  boolean isLong() {
    return LONG.contains(file);
  }

  /** Name of the macro that parameter {@code i} defines. */
  String macro(int i) {
    return macros[i];
  }

  /** Names of all macros that launches define. */
  Set<String> macroNames() {
    return Set.of(macros);
  }

  /** How many there are; those not given are defined as 1. */
  int macros() {
    return macros.length;
  }
}
