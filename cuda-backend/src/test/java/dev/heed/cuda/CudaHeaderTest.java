package dev.heed.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.StructLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the downcalls pass on has the bytes of cuda.h: known numbers, and the toolkit's own. */
class CudaHeaderTest {
  private static final Path HEADER = Path.of("/usr/local/cuda/include/cuda.h");

  /** C expressions, and what they are taken for. */
  private static final Map<String, Long> USED = used();

  @TempDir private Path folder;

  private static Map<String, Long> used() {
    Map<String, Long> all = new LinkedHashMap<>();
    all.put("sizeof(CUlaunchConfig)", Downcalls.LAUNCH_CONFIG.byteSize());
    all.put("offsetof(CUlaunchConfig, gridDimX)", offset(Downcalls.LAUNCH_CONFIG, "grid"));
    all.put("offsetof(CUlaunchConfig, blockDimX)", offset(Downcalls.LAUNCH_CONFIG, "block"));
    for (String field : new String[] {"sharedMemBytes", "hStream", "attrs", "numAttrs"}) {
      all.put("offsetof(CUlaunchConfig, " + field + ")", offset(Downcalls.LAUNCH_CONFIG, field));
    }
    all.put("sizeof(CUlaunchAttribute)", Downcalls.LAUNCH_ATTRIBUTE.byteSize());
    all.put("offsetof(CUlaunchAttribute, id)", offset(Downcalls.LAUNCH_ATTRIBUTE, "id"));
    all.put(
        "offsetof(CUlaunchAttribute, value.programmaticStreamSerializationAllowed)",
        offset(Downcalls.LAUNCH_ATTRIBUTE, "value"));
    all.put("sizeof(CUtensorMap)", (long) TensorMap.BYTES);
    all.put("CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION", (long) Downcalls.EARLY_START);
    all.put("CU_TENSOR_MAP_DATA_TYPE_FLOAT16", (long) Downcalls.TENSOR_F16);
    all.put("CU_TENSOR_MAP_DATA_TYPE_BFLOAT16", (long) Downcalls.TENSOR_BF16);
    all.put("CU_TENSOR_MAP_INTERLEAVE_NONE", 0L);
    all.put("CU_TENSOR_MAP_SWIZZLE_NONE", 0L);
    all.put("CU_TENSOR_MAP_SWIZZLE_128B", (long) Downcalls.SWIZZLE_128_BYTES);
    all.put("CU_TENSOR_MAP_L2_PROMOTION_L2_256B", (long) Downcalls.PROMOTE_256_BYTES);
    all.put("CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE", 0L);
    all.put("CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT", (long) Cu.MULTIPROCESSORS);
    all.put("CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR", (long) Cu.CAPABILITY_MAJOR);
    all.put("CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR", (long) Cu.CAPABILITY_MINOR);
    all.put("CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED", (long) Cu.MEMORY_POOLS);
    return all;
  }

  private static long offset(StructLayout struct, String field) {
    return Downcalls.offset(struct, field);
  }

  @Test
  void structuresLieAsInCuda13() {
    assertEquals(56, USED.get("sizeof(CUlaunchConfig)"));
    assertEquals(12, USED.get("offsetof(CUlaunchConfig, blockDimX)"));
    assertEquals(24, USED.get("offsetof(CUlaunchConfig, sharedMemBytes)"));
    assertEquals(32, USED.get("offsetof(CUlaunchConfig, hStream)"));
    assertEquals(40, USED.get("offsetof(CUlaunchConfig, attrs)"));
    assertEquals(48, USED.get("offsetof(CUlaunchConfig, numAttrs)"));
    assertEquals(72, USED.get("sizeof(CUlaunchAttribute)"));
    assertEquals(8, offset(Downcalls.LAUNCH_ATTRIBUTE, "value"));
    assertEquals(128, USED.get("sizeof(CUtensorMap)"));
  }

  @Test
  void theToolkitsHeaderAgrees() throws IOException, InterruptedException {
    assumeTrue(Files.exists(HEADER), "no CUDA toolkit in /usr/local/cuda");
    String lines =
        USED.keySet().stream()
            .map(e -> "  printf(\"%lld\\n\", (long long)(" + e + "));\n")
            .collect(Collectors.joining());
    Path source =
        Files.writeString(
            folder.resolve("offsets.c"),
            "#include <cuda.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n"
                + lines
                + "}\n");
    Path program = folder.resolve("offsets");
    run("cc", "-std=c11", "-I" + HEADER.getParent(), source.toString(), "-o", program.toString());
    String[] printed = run(program.toString()).split("\n");
    Map<String, Long> found = new LinkedHashMap<>();
    USED.keySet().forEach(e -> found.put(e, Long.valueOf(printed[found.size()])));
    assertEquals(USED, found);
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertEquals(0, process.waitFor(), printed);
    return printed;
  }
}
