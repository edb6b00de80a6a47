package dev.heed.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.CausalLm;
import dev.heed.LoadOptions;
import dev.heed.TestDevice;
import dev.heed.TinyModel;
import dev.heed.device.Device;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Llama family's variants against a plain F64 forward pass written from the papers' formulas.
 */
class LlamaReferenceTest {
  private static final int[] IDS = {0, 8, 5, 12, 12, 15, 2, 7, 7, 28, 3};

  @TempDir Path folder;

  @Test
  void llama() throws IOException {
    TinyModel tiny = TinyModel.llama(folder);
    check(tiny, new LlamaReference(tiny));
  }

  @Test
  void qwen2HasBiases() throws IOException {
    TinyModel tiny = TinyModel.llama(folder).with("model_type", "qwen2").withQkvBias();
    check(tiny, new LlamaReference(tiny));
  }

  @Test
  void qwen3HasHeadNormsAndItsOwnOutput() throws IOException {
    TinyModel tiny = TinyModel.llama(folder).with("model_type", "qwen3").withHeadNorms().untied();
    check(tiny, new LlamaReference(tiny));
  }

  @Test
  void mistralHasAWindow() throws IOException {
    TinyModel tiny =
        TinyModel.llama(folder).with("model_type", "mistral").with("sliding_window", 4);
    LlamaReference reference = new LlamaReference(tiny);
    reference.window = 4;
    check(tiny, reference);
  }

  @Test
  void qwen2UsesItsWindowOnlyWhereItSaysSo() throws IOException {
    TinyModel tiny =
        TinyModel.llama(folder).with("sliding_window", 4).with("use_sliding_window", false);
    check(tiny, new LlamaReference(tiny));
  }

  @Test
  void ropeThetaAndLinearScaling() throws IOException {
    TinyModel tiny =
        TinyModel.llama(folder)
            .with("rope_theta", 500)
            .with("rope_scaling", Map.of("type", "linear", "factor", 2));
    LlamaReference reference = new LlamaReference(tiny);
    reference.theta = 500;
    reference.stretch = 2;
    check(tiny, reference);
  }

  private static void check(TinyModel tiny, LlamaReference reference) throws IOException {
    double[] expected = reference.logits(IDS);
    try (Device device = TestDevice.open();
        Arena arena = Arena.ofConfined();
        CausalLm lm = CausalLm.load(tiny.write(), device, LoadOptions.defaults().context(16))) {
      float[] got = lm.logits(IDS, arena).toArray(ValueLayout.JAVA_FLOAT);
      assertEquals(expected.length, got.length);
      for (int i = 0; i < got.length; i++) {
        assertEquals(expected[i], got[i], 2e-5 * (1 + Math.abs(expected[i])), "logit " + i);
      }
    }
  }
}
