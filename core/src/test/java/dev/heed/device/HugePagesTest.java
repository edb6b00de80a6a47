package dev.heed.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class HugePagesTest {
  @Test
  @EnabledOnOs(OS.LINUX)
  void memoryIsZeroedAlignedAndFreedWithItsArena() {
    long bytes = (5L << 20) + 12_345;
    MemorySegment memory;
    try (Arena arena = Arena.ofShared()) {
      memory = HugePages.allocate(bytes, arena).orElseThrow();
      assertEquals(bytes, memory.byteSize());
      assertEquals(0, memory.address() % (2 << 20));
      for (long i = 0; i < bytes; i += 4096) {
        assertEquals(0, memory.get(ValueLayout.JAVA_BYTE, i));
      }
      memory.fill((byte) 7);
      assertEquals(7, memory.get(ValueLayout.JAVA_BYTE, bytes - 1));
    }
    assertFalse(memory.scope().isAlive());
  }

  @Test
  void smallMemoryAndMoreThanThereIsAreLeftToTheArena() {
    try (Arena arena = Arena.ofConfined()) {
      assertTrue(HugePages.allocate(1 << 20, arena).isEmpty());
      assertTrue(HugePages.allocate(1L << 55, arena).isEmpty());
    }
  }
}
