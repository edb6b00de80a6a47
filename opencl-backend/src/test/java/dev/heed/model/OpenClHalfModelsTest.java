package dev.heed.model;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/** Whole models in 16 bits on the OpenCL device, which is made to offer them whatever it is. */
class OpenClHalfModelsTest {
  private static final String COMPUTE = "heed.opencl.compute";

  @BeforeAll
  static void offer() {
    System.setProperty(COMPUTE, "f16,bf16");
  }

  @AfterAll
  static void restore() {
    System.clearProperty(COMPUTE);
  }

  @Nested
  class Models extends HalfModelsTest {}
}
