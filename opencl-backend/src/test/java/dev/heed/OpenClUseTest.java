package dev.heed;

import org.junit.jupiter.api.Nested;

/** Generation, encoding, translation and attention maps on the OpenCL device. */
class OpenClUseTest {
  @Nested
  class Generation extends CausalLmTest {}

  @Nested
  class Encoding extends TextEncoderTest {}

  @Nested
  class Translation extends Seq2SeqLmTest {}

  @Nested
  class Maps extends AttentionMapTest {}

  @Nested
  class OpusMt extends OpusMtFolderTest {}
}
