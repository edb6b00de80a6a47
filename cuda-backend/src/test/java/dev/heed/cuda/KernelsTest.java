package dev.heed.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.op.Op;
import dev.heed.tck.OpCase;
import dev.heed.tck.OpCases;
import dev.heed.tck.Operands;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the compiler makes of the kernels, and that the host writes their arguments in full. */
@Tag(Emulator.TAG)
class KernelsTest {
  private static final Path REPORT = Path.of("../kernels/target/cuda/heed.fatbin.ptxas");
  private static final Pattern FUNCTION =
      Pattern.compile(
          "Compiling entry function '(\\w+)'.*?(\\d+) bytes spill stores", Pattern.DOTALL);

  /** What the compiler saves around the call of a division's rare case; a loop spills more. */
  private static final int SAVED_BYTES = 8;

  @Test
  void noKernelSpills() throws IOException {
    assumeTrue(Files.exists(REPORT), "no fatbin was built: no nvcc, or not packaged yet");
    Set<String> seen = new HashSet<>();
    List<String> spilling = new ArrayList<>();
    Matcher functions = FUNCTION.matcher(Files.readString(REPORT));
    while (functions.find()) {
      seen.add(functions.group(1));
      if (Integer.parseInt(functions.group(2)) > SAVED_BYTES) {
        spilling.add(functions.group(1));
      }
    }
    assertEquals(List.of(), spilling);
    for (Kernel kernel : Kernel.values()) {
      assertTrue(
          seen.contains(kernel.symbol()),
          () ->
              kernel.symbol() + " is not in " + REPORT + ": mvn package -pl kernels makes it anew");
    }
  }

  /** What ptxas says where it waits for each wgmma, or leaves registers as they were shared out. */
  @Test
  void warpGroupsWorkAsWritten() throws IOException {
    assumeTrue(Files.exists(REPORT), "no fatbin was built: no nvcc, or not packaged yet");
    assertEquals(
        List.of(),
        Files.readAllLines(REPORT).stream()
            .filter(l -> l.contains("Potential Performance Loss"))
            .toList());
  }

  @Test
  void everyCasesArgumentsHaveTheStructsSize() throws Throwable {
    Emulator.load();
    Set<String> launched = new HashSet<>();
    for (Options options : List.of(Options.OFF, new Options(1, true))) {
      FakeCu cu = new FakeCu();
      try (Device device = cu.open(options)) {
        for (OpCase c : OpCases.all(device.info().computeTypes())) {
          enqueue(device, c);
          for (FakeCu.Launch launch : cu.launches) {
            int want = structBytes(launch.kernel());
            assertEquals(want, launch.arguments().length, launch.kernel() + " for " + c);
            assertEquals(options.early(), launch.early());
            launched.add(launch.kernel());
          }
          cu.launches.clear();
          cu.calls.clear();
        }
      }
    }
    Set<String> all = new HashSet<>();
    List.of(Kernel.values()).forEach(k -> all.add(k.symbol()));
    all.removeAll(launched);
    assertEquals(Set.of("heed_unpack_rows", "heed_random"), all, "kernels that no case reaches");
  }

  private static void enqueue(Device device, OpCase c) {
    try (Arena arena = Arena.ofShared();
        CommandQueue staging = device.openQueue(0, arena)) {
      Op op = c.build().apply(new Operands(device, staging, arena, 1, 0));
      if (op.outputs().getFirst().shape().elements() > 0) {
        try (CommandQueue queue = device.openQueue(device.scratchBytes(op), arena)) {
          queue.execute(op);
        }
      }
    }
  }

  @SuppressWarnings("restricted")
  private static int structBytes(String symbol) throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle bytes =
          Linker.nativeLinker()
              .downcallHandle(
                  SymbolLookup.loaderLookup().findOrThrow("emulator_argument_bytes"),
                  FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
      return (int) bytes.invokeExact(arena.allocateFrom(symbol));
    }
  }

  @Test
  void nvrtcGetsAllSources() {
    Map<String, String> sources = Nvrtc.sources();
    assertTrue(sources.keySet().containsAll(Set.of("heed.cu", "blocks.cuh", "norm.cu")));
    assertTrue(sources.keySet().stream().noneMatch(n -> n.equals("emulated.h")));
  }
}
