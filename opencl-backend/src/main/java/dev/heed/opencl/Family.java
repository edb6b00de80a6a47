package dev.heed.opencl;

/**
 * Which way of writing kernels a device gets.
 *
 * @see Options#family
 */
enum Family {
  /** A row or an output block a work-item: no barriers, no local memory. */
  CPU,
  /** A row a group, whose items exchange partial sums through local memory. */
  LOCAL,
  /** Groups of one subgroup, whose items read each other's registers: {@link Subgroups}. */
  SUBGROUP
}
