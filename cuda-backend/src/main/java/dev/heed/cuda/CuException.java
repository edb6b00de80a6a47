package dev.heed.cuda;

import java.util.Set;

/** A call of the driver that failed. */
final class CuException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  static final int OUT_OF_MEMORY = 2;

  /** Errors after which nothing works in the context any more: ECC, faults of kernels, and such. */
  private static final Set<Integer> STICKY =
      Set.of(214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721);

  /** The image does not fit the driver or the GPU: bad image, no binary, PTX it cannot read. */
  private static final Set<Integer> IMAGE = Set.of(200, 209, 218, 221, 222, 223);

  private final int code;

  /**
   * A failure.
   *
   * @param call the driver's function
   * @param code its {@code CUresult}
   * @param text the error's name and what the driver says of it
   */
  CuException(String call, int code, String text) {
    super("%s fails with %d, %s".formatted(call, code, text));
    this.code = code;
  }

  int code() {
    return code;
  }

  boolean isSticky() {
    return STICKY.contains(code);
  }

  boolean isImage() {
    return IMAGE.contains(code);
  }
}
