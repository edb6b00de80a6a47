package dev.heed.generate;

import org.junit.jupiter.api.Nested;

/** One sequence, and many at once, on the OpenCL device. */
class OpenClSessionsTest {
  @Nested
  class Single extends SessionTest {}

  @Nested
  class Batch extends BatchSessionTest {}
}
