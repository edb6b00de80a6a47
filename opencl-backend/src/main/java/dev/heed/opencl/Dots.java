package dev.heed.opencl;

import dev.heed.device.CommandQueue;
import dev.heed.device.DeviceException;
import dev.heed.device.Usage;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a processor multiplies quants and adds the products up: DOTS in {@code dot.cl}. */
enum Dots {
  /** In C. */
  PLAIN,
  /** Pairs of 16 bits, by AVX2. */
  PAIRS,
  /** Four bytes, by AVX-512 VNNI. */
  BYTES;

  private static final Logger LOG = LoggerFactory.getLogger(Dots.class);

  /** The best that a device has: a kernel asks the processor it runs on. */
  static Dots of(OpenClDevice device) {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      OpenClBuffer buffer = (OpenClBuffer) device.allocate(4, Usage.WORKSPACE, arena);
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      Tensor found = Tensor.of(buffer, 0, Shape.of(1), DType.I32);
      queue.upload(value, found);
      ((OpenClQueue) queue).askForDots(buffer);
      queue.download(found, value);
      queue.synchronize();
      return values()[value.get(ValueLayout.JAVA_INT, 0)];
    } catch (DeviceException.KernelBuild e) {
      LOG.info("{}: kernels cannot ask for the processor: {}", device.info().id(), e.getMessage());
      return PLAIN;
    }
  }
}
