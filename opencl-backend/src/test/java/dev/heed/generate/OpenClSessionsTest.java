package dev.heed.generate;

import org.junit.jupiter.api.Nested;

/** Many sequences at once on the OpenCL device. */
class OpenClSessionsTest {
  @Nested
  class Batch extends BatchSessionTest {}
}
