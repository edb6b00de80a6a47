package dev.heed.opencl;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.heed.device.Device;
import dev.heed.op.Op;
import dev.heed.tck.AssertingDevice;
import dev.heed.tck.OpCase;
import dev.heed.tck.OpCases;
import dev.heed.tck.check.CaseRunner;
import dev.heed.tensor.DType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/**
 * Activations in F16 and BF16: each op's first case of the suite and every ninth, as a program is
 * built for each; of the GPU families a few products, and products and attention of F16 by F16,
 * which multiply halves in pairs ({@code halves.cl}). {@code -Dheed.opencl.compute=f16,bf16} runs
 * them all in the conformance suite.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HalfPrecisionTest {
  private static final int EVERY = 9;
  private static final int EVERY_PRODUCT = 31;
  private static final Set<DType> TYPES = Set.of(DType.F32, DType.F16, DType.BF16);

  private static final Set<Class<?>> PRODUCTS =
      Set.of(Op.MatMul.class, Op.Linear.class, Op.GatedLinear.class);

  private static final Pattern PAIRS =
      Pattern.compile(
          "(?<!B)F16 (x F16|\\[\\d+, \\d+\\] x F16|with gaps)"
              + "|Attention: F16( pages, decode|, head size 40|, pages, decode, head size 80)$");

  private final List<Device> devices = new ArrayList<>();

  @TestFactory
  Stream<DynamicTest> cases() {
    return Stream.of(Family.values())
        .flatMap(
            family -> {
              Options options = Options.fromProperties().withComputeTypes(TYPES);
              Device device = new AssertingDevice(Drivers.open(options.withFamily(family)));
              devices.add(device);
              CaseRunner runner = new CaseRunner(device, 5);
              return (family == Family.CPU ? sample(EVERY, false) : sample(EVERY_PRODUCT, true))
                  .stream().map(c -> dynamicTest(family + " " + c, () -> runner.run(c)));
            });
  }

  private static List<OpCase> sample(int every, boolean products) {
    Set<String> inF32 =
        OpCases.all(Set.of(DType.F32)).stream().map(OpCase::toString).collect(Collectors.toSet());
    List<OpCase> chosen = new ArrayList<>();
    Set<Class<?>> ops = new HashSet<>();
    int number = 0;
    for (OpCase c : OpCases.all(TYPES)) {
      boolean pairs = products && PAIRS.matcher(c.toString()).find();
      boolean other = products && !pairs && !PRODUCTS.contains(c.op());
      if (other || inF32.contains(c.toString())) {
        continue;
      }
      if (ops.add(c.op()) | number++ % every == 0 || pairs) {
        chosen.add(c);
      }
    }
    return chosen;
  }

  @AfterAll
  void close() {
    devices.forEach(Device::close);
  }
}
