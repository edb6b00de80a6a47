package dev.heed.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.CausalLm;
import dev.heed.LoadOptions;
import dev.heed.Sampling;
import dev.heed.Shared;
import dev.heed.device.Device;
import dev.heed.model.HalfBounds;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A whole model in BF16, as GPUs have it by default, on the emulated driver. */
@Tag(Emulator.TAG)
class EmulatedModelTest {
  private static Device device;

  @BeforeAll
  static void open() {
    device = Emulator.open();
  }

  @AfterAll
  static void close() {
    if (device != null) {
      device.close();
    }
  }

  /** The first logits against float64's; ids by {@link HalfBounds#requireGreedy}. */
  @Test
  void storiesInBf16() throws IOException {
    Path folder = Shared.require("models/stories260K");
    JsonNode golden = new ObjectMapper().readTree(folder.resolve("golden.json").toFile());
    double[] want =
        golden.get("logits_pos0").valueStream().mapToDouble(JsonNode::asDouble).toArray();
    HalfBounds bounds = HalfBounds.of("stories260K", DType.BF16);
    int[] prompt = Arrays.copyOf(bounds.ids(), 20);
    try (CausalLm lm =
            CausalLm.load(
                folder.resolve("stories260K-bf16.gguf"),
                device,
                LoadOptions.defaults().context(64));
        Arena arena = Arena.ofConfined()) {
      assertEquals(DType.BF16, lm.compute());
      MemorySegment logits = lm.logits(prompt, arena);
      double[] got = new double[want.length];
      Arrays.setAll(got, i -> logits.getAtIndex(ValueLayout.JAVA_FLOAT, i));
      bounds.requireClose("nmse", got, want);
      int[] first = {prompt[0]};
      Sampling greedy = Sampling.greedy().maxTokens(24);
      bounds.requireGreedy(lm.generate(first, greedy, t -> {}, () -> false).tokens());
    }
  }

  /** All that gpu-check times, at its small shapes. */
  @Test
  void benchmarksRun() throws IOException {
    JsonNode shapes =
        new ObjectMapper()
            .readTree(Path.of("../bench/peers/gpu-shapes.json").toFile())
            .get("quick");
    Map<String, Double> milliseconds = new LinkedHashMap<>();
    List<String> failures = new ArrayList<>();
    GpuBenchmarks benchmarks = new GpuBenchmarks(shapes, 1, milliseconds, failures);
    benchmarks.run(device);
    try (Device hopper = Emulator.open(HopperDeviceTest.ALL_ON)) {
      benchmarks.runAgain(hopper, "wgmma");
    }
    assertEquals(List.of(), failures);
    assertTrue(
        milliseconds
            .keySet()
            .containsAll(
                List.of("llama decode", "matmul 32x64x96 [wgmma]", "llama prefill 32 [wgmma]")),
        milliseconds::toString);
  }
}
