package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;

import dev.heed.tensor.DType;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jocl.cl_command_queue;
import org.junit.jupiter.api.Test;

/** A kernel is found by its entry and all that specialises it, however much that is. */
class KernelSetTest {
  @Test
  void entriesWithFewerParametersHaveKernelsOfTheirOwn() {
    try (OpenClDevice device = Drivers.open(Options.fromProperties());
        Arena arena = Arena.ofShared()) {
      cl_command_queue queue = Cl.createQueue(device.context(), device.driver().id());
      KernelSet kernels =
          new KernelSet(
              device, device.programs(), queue, Tuning.defaults(), Optional.empty(), arena);
      Map<Kernel, String> found = new HashMap<>();
      for (int unit : new int[] {1, 2, 4}) {
        found.put(kernels.of(Entry.COPY).code(unit).get(), "copy " + unit);
        found.put(kernels.of(Entry.FILL).code(unit).get(), "fill " + unit);
      }
      for (Entry plain : new Entry[] {Entry.ADVANCE, Entry.TOP_K, Entry.TOP_K_MANY, Entry.SAMPLE}) {
        found.put(kernels.of(plain).get(), plain.name());
      }
      assertEquals(10, found.size(), found::toString);
      assertNotSame(
          kernels.of(Entry.POOL).type(DType.F32).type(DType.F16).code(0).get(),
          kernels.of(Entry.POOL).type(DType.F32).type(DType.F32).code(0).get());
      kernels.close();
      Cl.release(queue);
    }
  }
}
