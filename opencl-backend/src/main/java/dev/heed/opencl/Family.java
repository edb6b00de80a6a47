package dev.heed.opencl;

/**
 * Which way of writing kernels a device gets.
 *
 * @see Options#family
 */
enum Family {
  /** A row or an output block a work-item: no barriers, no local memory. */
  CPU(1),
  /** A row a group, whose items exchange partial sums through local memory. */
  LOCAL(64),
  /** Groups of one subgroup, whose items read each other's registers: {@link Subgroups}. */
  SUBGROUP(64);

  private final int lanes;

  Family(int lanes) {
    this.lanes = lanes;
  }

  /** Work-items that share a row: LANES in the kernels. */
  int lanes() {
    return lanes;
  }
}
