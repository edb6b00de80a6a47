package dev.heed.opencl;

/** What kernels know of halves, as {@code halves.cl} uses them. */
enum Halves {
  /** F16 is a type of storage, arithmetic is in F32. */
  NONE(""),
  /** {@code cl_khr_fp16}. */
  DRIVER(" -DFP16"),
  /** The same products of halves out of integers, for drivers without: right, not fast. */
  EMULATED(" -DFP16_EMULATED");

  private final String defines;

  Halves(String defines) {
    this.defines = defines;
  }

  /** As the compiler takes it, with a space before. */
  String defines() {
    return defines;
  }
}
