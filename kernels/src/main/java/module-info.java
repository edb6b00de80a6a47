/** The kernel sources as resources, and the class that opens them. */
module dev.heed.kernels {
  exports dev.heed.kernels;
}
