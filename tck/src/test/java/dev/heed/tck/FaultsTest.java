package dev.heed.tck;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.Recording;
import dev.heed.op.Op;
import dev.heed.tck.check.CaseRunner;
import dev.heed.tck.check.RowChecks;
import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The suite notices a device that is wrong. */
class FaultsTest {
  private final FaultyDevice device = new FaultyDevice(new CpuDeviceTest().open());

  @AfterEach
  void close() {
    device.close();
  }

  private static OpCase find(Class<?> op, String name) {
    return OpCases.all(Set.of(dev.heed.tensor.DType.F32)).stream()
        .filter(c -> c.op() == op && c.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static final OpCase SUM = find(Op.Add.class, "[3, 7] with [7]");
  private static final OpCase LINEAR = find(Op.Linear.class, "GELU, bias, residual");

  /** Does something wrong after each op, and the case has to fail with this. */
  private void caught(String message, OpCase c, BiConsumer<Op, Integer> fault) {
    device.fault(fault);
    AssertionError error =
        assertThrows(AssertionError.class, () -> new CaseRunner(device, 1).run(c));
    assertTrue(error.getMessage().contains(message), error.getMessage());
  }

  private static MemorySegment memory(Tensor t) {
    return t.buffer().host().orElseThrow();
  }

  private static void change(Tensor t, long element, float by) {
    long at = t.byteOffset() + 4 * element;
    float old = memory(t).get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
    memory(t).set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, old + by);
  }

  private static Tensor out(Op op) {
    return op.outputs().getFirst();
  }

  @Test
  void nothingWrong() {
    new CaseRunner(device, 1).run(SUM);
    new CaseRunner(device, 1).run(LINEAR);
  }

  @Test
  void aSmallError() {
    caught("result: F32 [3, 7] at element 5", SUM, (op, n) -> change(out(op), 5, 1e-4f));
  }

  @Test
  void anElementNotWritten() {
    caught(
        "not finite",
        SUM,
        (op, n) ->
            memory(out(op)).set(ValueLayout.JAVA_INT_UNALIGNED, out(op).byteOffset() + 4 * 20, -1));
  }

  @Test
  void aWriteBehindTheEnd() {
    caught(
        "wrote where it must not",
        SUM,
        (op, n) ->
            memory(out(op))
                .set(ValueLayout.JAVA_BYTE, out(op).byteOffset() + out(op).byteSize(), (byte) 0));
  }

  @Test
  void aWriteBeforeTheStart() {
    caught(
        "wrote where it must not",
        SUM,
        (op, n) -> memory(out(op)).set(ValueLayout.JAVA_BYTE, out(op).byteOffset() - 1, (byte) 0));
  }

  @Test
  void aWriteBetweenRows() {
    caught(
        "wrote where it must not",
        find(Op.Fill.class, "gaps"),
        (op, n) ->
            memory(out(op)).set(ValueLayout.JAVA_INT_UNALIGNED, out(op).byteOffset() + 4 * 13, 0));
  }

  @Test
  void anInputThatChanges() {
    caught("of an input", SUM, (op, n) -> change(op.inputs().getFirst(), 0, 1));
  }

  @Test
  void aSecondRunThatDiffers() {
    caught("two runs differ", SUM, (op, n) -> change(out(op), 0, n % 2 == 0 ? 0 : 1e-6f));
  }

  @Test
  void aFusedOpThatIsWrong() {
    caught(
        "result",
        LINEAR,
        (op, n) -> {
          if (op instanceof Op.Linear) {
            change(out(op), 0, 0.001f);
          }
        });
  }

  @Test
  void aPrimitiveThatIsWrongUnderAFusedOp() {
    caught(
        "lowered",
        LINEAR,
        (op, n) -> {
          if (op instanceof Op.MatMul) {
            for (int i = 0; i < 45; i++) {
              change(out(op), i, 0.001f);
            }
          }
        });
  }

  @Test
  void aRecordingThatExecutes() {
    device.recording(
        (queue, ops) -> {
          ops.forEach(queue::execute);
          return queue.record(ops);
        });
    caught("recording executed the op", SUM, (op, n) -> {});
  }

  @Test
  void aRecordingThatDoesNothing() {
    device.recording(
        (queue, ops) ->
            new Recording() {
              @Override
              public void replay() {}

              @Override
              public void close() {}
            });
    caught("replay differs from eager", SUM, (op, n) -> {});
  }

  @Test
  void rowsThatDependOnTheirBatch() {
    device.fault(
        (op, n) -> {
          if (out(op).shape().dim(0) == 17) {
            change(out(op), 100, 1e-6f);
          }
        });
    AssertionError error =
        assertThrows(AssertionError.class, () -> new RowChecks(device, 1).run("norm RMS"));
    assertTrue(error.getMessage().contains("rows alone differ"), error.getMessage());
  }

  @Test
  void supportThatIsMissing() {
    device.without(Op.Add.class);
    AssertionError error =
        assertThrows(AssertionError.class, () -> new CaseRunner(device, 1).run(SUM));
    assertTrue(error.getMessage().contains("cpu must have add"), error.getMessage());
  }

  @Test
  void fusedOpsMayBeMissing() {
    device.without(Op.Linear.class);
    new CaseRunner(device, 1).run(LINEAR);
    assertTrue(device.executed().stream().noneMatch(List.of(Op.Linear.class)::contains));
  }
}
