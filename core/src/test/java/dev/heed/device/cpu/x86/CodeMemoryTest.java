package dev.heed.device.cpu.x86;

import static dev.heed.device.cpu.x86.Register.RAX;
import static dev.heed.device.cpu.x86.Register.RDI;
import static dev.heed.device.cpu.x86.Register.RSI;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
@SuppressWarnings("restricted")
class CodeMemoryTest {
  /** long f(long a, long b) { return a + 2 * b + 5; } */
  private static byte[] sum() {
    Assembler asm = new Assembler();
    asm.lea(RAX, RDI.plus(RSI, 2, 5));
    asm.ret();
    return asm.toBytes();
  }

  /** Permissions that Linux tells for an address. */
  private static Optional<String> permissions(long address) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines
          .map(line -> line.split("[ -]", 3))
          .filter(f -> Long.compareUnsigned(Long.parseUnsignedLong(f[0], 16), address) <= 0)
          .filter(f -> Long.compareUnsigned(Long.parseUnsignedLong(f[1], 16), address) > 0)
          .map(f -> f[2].substring(0, 4))
          .findFirst();
    }
  }

  @Test
  void runsButCannotBeWritten() throws Throwable {
    long address;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment code = CodeMemory.load(sum(), arena).orElseThrow();
      address = code.address();
      MethodHandle f =
          Linker.nativeLinker()
              .downcallHandle(code, FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG));
      assertEquals(111, (long) f.invokeExact(100L, 3L));
      assertEquals("r-xp", permissions(address).orElseThrow());
      assertThrows(IllegalArgumentException.class, () -> code.set(JAVA_BYTE, 0, (byte) 0));
    }
    assertTrue(permissions(address).isEmpty());
  }

  @Test
  void isAbsentWhereTheSystemRefuses() {
    try (Arena arena = Arena.ofConfined()) {
      assertTrue(CodeMemory.load(new byte[0], arena).isEmpty()); // mmap refuses no bytes
    }
  }
}
