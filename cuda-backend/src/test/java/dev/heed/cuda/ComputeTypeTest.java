package dev.heed.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.CausalLm;
import dev.heed.LoadOptions;
import dev.heed.Sampling;
import dev.heed.TinyModel;
import dev.heed.device.Device;
import dev.heed.device.DeviceException;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which type a model computes in on a GPU, and which kernels that leads to. */
class ComputeTypeTest {
  /** More tokens than the matrix-vector kernels take. */
  private static final int[] PROMPT = IntStream.range(0, 20).toArray();

  private final FakeCu cu = new FakeCu();
  private final CudaProvider provider = new CudaProvider(() -> cu, capability -> new byte[1]);

  @TempDir private Path folder;

  private Device open() {
    return provider.open(provider.discover().devices().getFirst());
  }

  private Path model() throws IOException {
    return TinyModel.llama(folder).inBf16().write();
  }

  private Set<String> launched() {
    Set<String> names = cu.launches.stream().map(FakeCu.Launch::kernel).collect(Collectors.toSet());
    cu.launches.clear();
    return names;
  }

  @Test
  void bf16ReachesTensorCores() throws IOException {
    try (Device device = open();
        CausalLm lm = CausalLm.load(model(), device);
        Arena arena = Arena.ofConfined()) {
      assertEquals(DType.BF16, lm.compute());
      launched();
      lm.logits(PROMPT, arena);
      Set<String> prefill = launched();
      assertTrue(prefill.contains("heed_matmul_mma_small_bf16"), prefill.toString());
      assertFalse(prefill.contains("heed_matmul"), prefill.toString());
      lm.generate(PROMPT, Sampling.greedy().maxTokens(3), token -> {}, () -> false);
      Set<String> decode = launched();
      assertTrue(decode.contains("heed_matvec_mma_bf16"), decode.toString());
      assertFalse(
          decode.stream().anyMatch(k -> k.startsWith("heed_matvec_bf16")), decode::toString);
    }
    assertTrue(cu.isEmpty());
  }

  @Test
  void weightsOfOtherTypesAreRoundedToIt() throws IOException {
    Path f32 = TinyModel.llama(folder).write();
    try (Device device = open();
        CausalLm lm = CausalLm.load(f32, device);
        CausalLm exact = CausalLm.load(f32, device, LoadOptions.defaults().compute(DType.F32));
        Arena arena = Arena.ofConfined()) {
      assertTrue(lm.weightBytes() < exact.weightBytes());
      launched();
      lm.logits(PROMPT, arena);
      Set<String> prefill = launched();
      assertTrue(prefill.contains("heed_matmul_mma_small_bf16"), prefill.toString());
      assertFalse(prefill.contains("heed_matmul"), prefill.toString());
    }
    assertTrue(cu.isEmpty());
  }

  @Test
  void f32OnRequest() throws IOException {
    LoadOptions f32 = LoadOptions.defaults().compute(DType.F32);
    try (Device device = open();
        CausalLm lm = CausalLm.load(model(), device, f32);
        Arena arena = Arena.ofConfined()) {
      assertEquals(DType.F32, lm.compute());
      launched();
      lm.logits(PROMPT, arena);
      Set<String> names = launched();
      assertTrue(names.contains("heed_matmul"), names.toString());
      assertFalse(names.stream().anyMatch(k -> k.contains("mma")), names::toString);
    }
  }

  @Test
  void turingComputesInF16() throws IOException {
    cu.capability = 75;
    Path model = model();
    LoadOptions bf16 = LoadOptions.defaults().compute(DType.BF16);
    try (Device device = open();
        CausalLm lm = CausalLm.load(model, device)) {
      assertEquals(DType.F16, lm.compute());
      var e =
          assertThrows(DeviceException.Unsupported.class, () -> CausalLm.load(model, device, bf16));
      assertEquals("cuda:0 does not compute in bf16: choose f32 or f16 or q8_0", e.getMessage());
    }
  }
}
