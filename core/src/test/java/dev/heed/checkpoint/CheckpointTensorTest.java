package dev.heed.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Rows of a tensor. */
class CheckpointTensorTest {
  private final CheckpointTensor tensor =
      new CheckpointTensor(
          "w", DType.F32, Shape.of(3, 2), MemorySegment.ofArray(new float[] {1, 2, 3, 4, 5, 6}));

  @Test
  void someRows() {
    CheckpointTensor rows = tensor.rows(1, 2);
    assertEquals(Shape.of(2, 2), rows.shape());
    assertArrayEquals(new float[] {3, 4, 5, 6}, rows.data().toArray(ValueLayout.JAVA_FLOAT));
    assertEquals(Shape.of(0, 2), tensor.rows(3, 0).shape());
    assertThrows(IndexOutOfBoundsException.class, () -> tensor.rows(2, 2));
  }

  /** As ONNX stores linear weights. */
  @Test
  void allRowsOfATransposedTensor() {
    CheckpointTensor transposed = tensor.transpose();
    assertSame(transposed, transposed.rows(0, 2));
    assertThrows(IllegalArgumentException.class, () -> transposed.rows(0, 1));
  }
}
