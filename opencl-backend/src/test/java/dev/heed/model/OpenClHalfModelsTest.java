package dev.heed.model;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/**
 * Whole models in 16 bits on the OpenCL device, which is made to offer them whatever it is; built
 * without the optimiser, as that takes longer than the models.
 */
class OpenClHalfModelsTest {
  private static final String COMPUTE = "heed.opencl.compute";
  private static final String OPTIMISE = "heed.opencl.optimise";

  @BeforeAll
  static void offer() {
    System.setProperty(COMPUTE, "f16,bf16");
    System.setProperty(OPTIMISE, "false");
  }

  @AfterAll
  static void restore() {
    System.clearProperty(COMPUTE);
    System.clearProperty(OPTIMISE);
  }

  @Nested
  class Models extends HalfModelsTest {}
}
