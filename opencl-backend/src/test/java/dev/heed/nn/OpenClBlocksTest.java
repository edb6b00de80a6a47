package dev.heed.nn;

import org.junit.jupiter.api.Nested;

/** The paper's blocks on the OpenCL device. */
class OpenClBlocksTest {
  @Nested
  class Layers extends LayersGoldenTest {}

  @Nested
  class MultiHead extends MultiHeadAttentionTest {}

  @Nested
  class Dense extends DenseAttentionTest {}

  @Nested
  class Additive extends AdditiveAttentionTest {}

  @Nested
  class Dropping extends DropoutTest {}
}
