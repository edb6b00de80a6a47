package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heed.device.CommandQueue;
import dev.heed.device.Usage;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Set;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_kernel;
import org.jocl.cl_program;
import org.junit.jupiter.api.Test;

/** Which drivers' subgroups are used, and that the emulation does what they do. */
class SubgroupsTest {
  private static final String INTEL_3 = "OpenCL 3.0 NEO";

  @Test
  void intelsOwnExtensionComesFirst() {
    Set<String> arc =
        Set.of(
            "cl_khr_subgroups",
            "cl_khr_subgroup_shuffle",
            "cl_intel_subgroups",
            "cl_intel_required_subgroup_size");
    Subgroups picked = Subgroups.of(arc, INTEL_3, 16).orElseThrow();
    assertEquals(new Subgroups(Subgroups.Means.INTEL, 16), picked);
    assertEquals("CL1.2", picked.standardOf(INTEL_3));
    assertEquals("-DSUBGROUP=INTEL -DSUBGROUP_SIZE=16", picked.defines());
  }

  @Test
  void khronosExtensionsWantTheirLanguage() {
    Set<String> amd = Set.of("cl_khr_fp16", "cl_khr_subgroups", "cl_amd_device_attribute_query");
    Subgroups picked = Subgroups.of(amd, "OpenCL 2.0 AMD-APP", 32).orElseThrow();
    assertEquals(new Subgroups(Subgroups.Means.KHR, 32), picked);
    assertEquals("CL2.0", picked.standardOf("OpenCL 2.0 AMD-APP"));
    Set<String> shuffling = Set.of("cl_khr_subgroups", "cl_khr_subgroup_shuffle");
    picked = Subgroups.of(shuffling, "OpenCL 3.0 x", 64).orElseThrow();
    assertEquals(new Subgroups(Subgroups.Means.KHR_SHUFFLE, 64), picked);
    assertEquals("CL3.0", picked.standardOf("OpenCL 3.0 x"));
  }

  @Test
  void withoutExtensionSizeOrLanguageThereAreNone() {
    Set<String> nvidia = Set.of("cl_khr_global_int32_base_atomics", "cl_nv_device_attribute_query");
    assertEquals(Optional.empty(), Subgroups.of(nvidia, "OpenCL 3.0 CUDA", 32));
    Set<String> khronos = Set.of("cl_khr_subgroups");
    assertEquals(Optional.empty(), Subgroups.of(khronos, "OpenCL 3.0 x", 0));
    assertEquals(Optional.empty(), Subgroups.of(khronos, "OpenCL 3.0 x", 24));
    assertEquals(Optional.empty(), Subgroups.of(khronos, "OpenCL 1.2 x", 32));
    assertEquals(Optional.empty(), Subgroups.of(Set.of("cl_intel_subgroups"), INTEL_3, 16));
  }

  @Test
  void sixteenIsPreferredAmongSizes() {
    assertEquals(16, ClDevice.preferred(8, 16, 32));
    assertEquals(32, ClDevice.preferred(8, 32));
    assertEquals(0, ClDevice.preferred());
  }

  @Test
  void aSizeThatIsNoPowerOfTwoIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Subgroups(Subgroups.Means.EMULATED, 24));
  }

  /** out [item] [5]: sum, largest, item 2's second value, the left neighbour's first, the lane. */
  private static final String KERNEL =
      """
      SUBGROUP_KERNEL(probe)(GLOBAL float *out, GLOBAL const float *in) {
        SUBGROUP_SPACE(space, 1);
        SUBGROUP_SPACE(pairs, 2);
        int lane = SUBGROUP_LANE;
        int at = GROUP_ROW * SUBGROUP_SIZE + lane;
        float v[2] = {in[at], 2 * in[at]};
        float sum = SUBGROUP_SUM(v[0], space);
        float most = SUBGROUP_MAX(v[0], space);
        SUBGROUP_SHARE(v, 2, pairs);
        out[5 * at] = sum;
        out[5 * at + 1] = most;
        out[5 * at + 2] = SUBGROUP_OF(v, 1, 2, pairs);
        out[5 * at + 3] = SUBGROUP_SHUFFLE(v, 0, (lane + SUBGROUP_SIZE - 1) % SUBGROUP_SIZE, pairs);
        out[5 * at + 4] = lane;
      }
      """;

  @Test
  void theEmulationReadsOtherItems() {
    for (int size : new int[] {4, 16, 32}) {
      float[] in = new float[3 * size];
      for (int i = 0; i < in.length; i++) {
        in[i] = (i * 7) % 31 - 15;
      }
      assertArrayEquals(expected(in, size), run(in, size), "subgroups of " + size);
    }
  }

  private static float[] expected(float[] in, int size) {
    float[] out = new float[5 * in.length];
    for (int i = 0; i < in.length; i++) {
      int first = i / size * size;
      float sum = 0;
      float most = Float.NEGATIVE_INFINITY;
      for (int j = first; j < first + size; j++) {
        sum += in[j];
        most = Math.max(most, in[j]);
      }
      out[5 * i] = sum;
      out[5 * i + 1] = most;
      out[5 * i + 2] = 2 * in[first + 2];
      out[5 * i + 3] = in[first + (i - first + size - 1) % size];
      out[5 * i + 4] = i - first;
    }
    return out;
  }

  private static float[] run(float[] in, int size) {
    try (OpenClDevice device = Drivers.open(Options.fromProperties().withFamily(Family.SUBGROUP));
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor x = tensor(device, in.length, arena);
      Tensor y = tensor(device, 5L * in.length, arena);
      queue.upload(arena.allocateFrom(ValueLayout.JAVA_FLOAT, in), x);
      queue.synchronize();
      launch(device, y, x, in.length, size);
      MemorySegment host = arena.allocate(y.dtype().bytes(y.shape().elements()));
      queue.download(y, host);
      queue.synchronize();
      return host.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static Tensor tensor(OpenClDevice device, long n, Arena arena) {
    return Tensor.of(device.allocate(4 * n, Usage.WORKSPACE, arena), 0, Shape.of(n), DType.F32);
  }

  private static void launch(OpenClDevice device, Tensor out, Tensor in, int items, int size) {
    cl_program program =
        Cl.build(
            device.context(),
            device.driver().id(),
            Source.of("subgroups.cl") + KERNEL,
            "-cl-std=CL1.2 " + new Subgroups(Subgroups.Means.EMULATED, size).defines(),
            new StringBuilder());
    cl_kernel kernel = Cl.createKernel(program, "probe");
    cl_command_queue queue = Cl.createQueue(device.context(), device.driver().id());
    CL.clSetKernelArg(kernel, 0, Sizeof.cl_mem, Pointer.to(((OpenClBuffer) out.buffer()).memory()));
    CL.clSetKernelArg(kernel, 1, Sizeof.cl_mem, Pointer.to(((OpenClBuffer) in.buffer()).memory()));
    long[] global = {items};
    long[] local = {size};
    CL.clEnqueueNDRangeKernel(queue, kernel, 1, null, global, local, 0, null, null);
    Cl.finish(queue);
    Cl.release(kernel);
    Cl.release(queue);
    Cl.release(program);
  }
}
