package dev.heed.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.DeviceException;
import dev.heed.device.DeviceInfo;
import dev.heed.device.DeviceProvider;
import dev.heed.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CudaProviderTest {
  private static final Path DRIVER = Path.of("/proc/driver/nvidia/version");

  private final CudaProvider provider = new CudaProvider();

  @Test
  void theServiceLoaderFindsIt() {
    List<String> names =
        ServiceLoader.load(DeviceProvider.class).stream().map(p -> p.get().name()).toList();
    assertTrue(names.contains("cuda"), names.toString());
  }

  @Test
  void sayingWhyThereIsNoneTakesOneLineAndNeverThrows() {
    assumeTrue(!Files.exists(DRIVER), "there is a driver");
    for (int again = 0; again < 2; again++) {
      DeviceProvider.Discovery found = provider.discover();
      assertTrue(found.devices().isEmpty());
      String why = found.whyNone().orElseThrow();
      assertEquals(1, why.lines().count(), why);
    }
  }

  @Test
  void namesTheGpusOfAnInstalledDriver() {
    assumeTrue(Files.exists(DRIVER), "no NVIDIA driver");
    List<DeviceInfo> gpus = provider.discover().devices();
    assertTrue(gpus.getFirst().name().contains("NVIDIA"), gpus.toString());
  }

  @Test
  void openingSaysWhyNot() {
    assumeTrue(!Files.exists(DRIVER), "there is a driver");
    DeviceInfo info =
        new DeviceInfo(
            "cuda", 0, "x", DeviceInfo.Kind.GPU, 1 << 30, 1 << 28, Set.of(DType.F32), "");
    DeviceException.Unavailable e =
        assertThrows(DeviceException.Unavailable.class, () -> provider.open(info));
    assertEquals("cuda:0: " + provider.discover().whyNone().orElseThrow(), e.getMessage());
  }
}
