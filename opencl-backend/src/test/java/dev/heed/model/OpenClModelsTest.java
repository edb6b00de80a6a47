package dev.heed.model;

import org.junit.jupiter.api.Nested;

/** Whole models on the OpenCL device, against the same values of other software. */
class OpenClModelsTest {
  @Nested
  class Golden extends GoldenModelsTest {}

  @Nested
  class Llama extends LlamaReferenceTest {}

  @Nested
  class Paper extends TransformerTest {}

  @Nested
  class PaperGolden extends TransformerGoldenTest {}

  @Nested
  class Bart extends BartTest {}

  @Nested
  class T5 extends T5Test {}

  @Nested
  class EncoderDecoders extends Seq2SeqReferenceTest {}
}
