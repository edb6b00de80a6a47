package dev.heed.opencl;

/**
 * Which way of writing kernels a device gets.
 *
 * @see Options#family
 */
enum Family {
  /** A row or an output block a work-item: no barriers, no local memory. */
  CPU(1, 64),
  /** A row a group, whose items exchange partial sums through local memory. */
  LOCAL(64, 64);

  private final int lanes;
  private final int group;

  Family(int lanes, int group) {
    this.lanes = lanes;
    this.group = group;
  }

  /** Work-items that share a row: LANES in the kernels. */
  int lanes() {
    return lanes;
  }

  /** Work-items of a group in kernels that take an element each: GROUP in the kernels. */
  int group() {
    return group;
  }
}
