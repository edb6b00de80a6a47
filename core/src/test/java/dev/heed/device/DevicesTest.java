package dev.heed.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which device is best, of those there are. */
class DevicesTest {
  /** Devices as provider:kind:vector bits. */
  @ParameterizedTest
  @CsvSource({
    "cpu:CPU:512 opencl:CPU:512,                cpu",
    "cpu:CPU:512 opencl:CPU:256,                cpu",
    "cpu:CPU:512,                               cpu",
    "cpu:CPU:256 opencl:CPU:512,                opencl",
    "cpu:CPU:32  opencl:CPU:128,                opencl",
    "cpu:CPU:32  opencl:CPU:32,                 cpu",
    "cpu:CPU:32  opencl:CPU:0,                  cpu",
    "opencl:CPU:128 cpu:CPU:32 other:CPU:256,   other",
    "cpu:CPU:32  other:CPU:512 opencl:CPU:512,  opencl",
    "cpu:CPU:32  opencl:CPU:512 opencl:GPU:0,   opencl",
    "cpu:CPU:512 opencl:GPU:0 cuda:GPU:0,       cuda",
    "cpu:CPU:512 other:GPU:0,                   other",
    "cpu:CPU:512 other:GPU:0 opencl:GPU:0,      opencl",
    "opencl:CPU:512,                            opencl",
  })
  void bestIs(String devices, String expected) {
    List<DeviceInfo> infos = Arrays.stream(devices.split("\\s+")).map(DevicesTest::info).toList();
    Optional<DeviceInfo> best = Devices.choose(infos);
    assertEquals(Optional.of(expected), best.map(DeviceInfo::provider));
    boolean gpu = infos.stream().anyMatch(d -> d.kind() == DeviceInfo.Kind.GPU);
    assertEquals(gpu, best.get().kind() == DeviceInfo.Kind.GPU);
  }

  @Test
  void ofNoneThereIsNoBest() {
    assertEquals(Optional.empty(), Devices.choose(List.of()));
  }

  private static DeviceInfo info(String text) {
    String[] parts = text.split(":");
    return new DeviceInfo(
        parts[0],
        0,
        "name",
        DeviceInfo.Kind.valueOf(parts[1]),
        1 << 30,
        1 << 30,
        Set.of(DType.F32),
        "driver",
        Integer.parseInt(parts[2]),
        "");
  }
}
