package dev.heed.device;

import static dev.heed.tensor.DType.BF16;
import static dev.heed.tensor.DType.F16;
import static dev.heed.tensor.DType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heed.device.DeviceInfo.Kind;
import dev.heed.tensor.DType;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ComputeTypesTest {
  private static final Optional<DType> NONE = Optional.empty();
  private final String before = System.getProperty(ComputeTypes.PROPERTY);

  @BeforeEach
  void clear() {
    System.clearProperty(ComputeTypes.PROPERTY);
  }

  @AfterEach
  void restore() {
    clear();
    if (before != null) {
      System.setProperty(ComputeTypes.PROPERTY, before);
    }
  }

  private static DeviceInfo device(Kind kind, DType... types) {
    return new DeviceInfo("cuda", 0, "test", kind, 1, 1, Set.of(types), "none");
  }

  @Test
  void gpusTakeSixteenBitsAndProcessorsDoNot() {
    assertEquals(BF16, ComputeTypes.choose(device(Kind.GPU, F32, F16, BF16)));
    assertEquals(F16, ComputeTypes.choose(device(Kind.GPU, F32, F16)));
    assertEquals(F32, ComputeTypes.choose(device(Kind.GPU, F32)));
    assertEquals(F32, ComputeTypes.choose(device(Kind.CPU, F32, F16, BF16)));
  }

  @Test
  void whatOverflowsIsTakenOnlyOnRequest() {
    Set<DType> t5 = Set.of(F16);
    assertEquals(F32, ComputeTypes.choose(device(Kind.GPU, F32, F16), NONE, t5));
    assertEquals(BF16, ComputeTypes.choose(device(Kind.GPU, F32, F16, BF16), NONE, t5));
    assertEquals(F16, ComputeTypes.choose(device(Kind.GPU, F32, F16), Optional.of(F16), t5));
  }

  @Test
  void aRequestComesBeforeTheProperty() {
    DeviceInfo device = device(Kind.GPU, F32, F16, BF16);
    System.setProperty(ComputeTypes.PROPERTY, " f32 ");
    assertEquals(F32, ComputeTypes.choose(device));
    assertEquals(F16, ComputeTypes.choose(device, Optional.of(F16), Set.of()));
    System.setProperty(ComputeTypes.PROPERTY, "f8");
    assertEquals(
        "compute type 'f8': want f32, f16, bf16 or q8_0",
        assertThrows(IllegalArgumentException.class, () -> ComputeTypes.choose(device))
            .getMessage());
  }

  @Test
  void aTypeThatTheDeviceLacksIsRefused() {
    DeviceInfo device = device(Kind.GPU, F32, F16);
    DeviceException e =
        assertThrows(
            DeviceException.Unsupported.class,
            () -> ComputeTypes.choose(device, Optional.of(BF16), Set.of()));
    assertEquals("cuda:0 does not compute in bf16: choose f32 or f16", e.getMessage());
  }
}
