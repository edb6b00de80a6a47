package dev.heed.tck;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.heed.op.Op;
import dev.heed.tck.check.CaseRunner;
import dev.heed.tensor.DType;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * A perfect device passes: the cases that the CPU device does not offer, in 16 bits and Sample, and
 * the lowerings of the fused ops in every type.
 */
class ReferenceDeviceTest {
  private static final Set<DType> ALL = Set.of(DType.F32, DType.F16, DType.BF16);

  @TestFactory
  Stream<DynamicTest> passes() {
    Set<String> onCpu = new HashSet<>();
    OpCases.all(Set.of(DType.F32)).forEach(c -> onCpu.add(c.toString()));
    CaseRunner runner = new CaseRunner(new AssertingDevice(new ReferenceDevice()), 7);
    return OpCases.all(ALL).stream()
        .filter(
            c ->
                !onCpu.contains(c.toString())
                    || c.op() == Op.Sample.class
                    || c.op() == Op.AddNorm.class
                    || c.op() == Op.QkvRopeStore.class)
        .map(c -> dynamicTest(c.toString(), () -> runner.run(c)));
  }
}
