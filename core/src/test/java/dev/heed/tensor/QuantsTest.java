package dev.heed.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.Shared;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuantsTest {
  /** ggml's own dequantisation, bit for bit. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"})
  void dequantizesLikeGgml(DType type) throws IOException {
    Path folder = Shared.require("golden/quant-vectors");
    byte[] blocks = Files.readAllBytes(folder.resolve(type + ".bin"));
    byte[] expected = Files.readAllBytes(folder.resolve(type + ".f32"));
    assertEquals(expected.length / 4, (long) blocks.length / type.blockBytes() * type.blockSize());
    assertTrue(expected.length > 0);
    byte[] got = new byte[expected.length];
    Quants.dequantize(type, bytes(blocks), 0, bytes(got), 0, expected.length / 4);
    assertArrayEquals(expected, got);
  }

  /** ggml's own quantisation, bit for bit. */
  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"})
  void quantizesLikeGgml(DType type) throws IOException {
    Path folder = Shared.require("golden/quant-vectors");
    byte[] values = Files.readAllBytes(folder.resolve(type + ".qin.f32"));
    byte[] expected = Files.readAllBytes(folder.resolve(type + ".qout.bin"));
    byte[] got = new byte[expected.length];
    Quants.quantize(type, bytes(values), 0, bytes(got), 0, values.length / 4);
    assertArrayEquals(expected, got);
  }

  @Test
  void roundsToBFloat16LikeGgml() throws IOException {
    Path folder = Shared.require("golden/quant-vectors");
    byte[] values = Files.readAllBytes(folder.resolve("BF16.input.f32"));
    byte[] expected = Files.readAllBytes(folder.resolve("BF16.bin"));
    byte[] got = new byte[expected.length];
    Quants.quantize(DType.BF16, bytes(values), 0, bytes(got), 0, values.length / 4);
    assertArrayEquals(expected, got);
  }

  /** Every half-precision number survives the way to F32 and back. */
  @Test
  void halvesAreExact() {
    ByteBuffer all = ByteBuffer.allocate(2 << 16).order(ByteOrder.LITTLE_ENDIAN);
    for (int h = 0; h < 1 << 16; h++) {
      boolean nan = (h & 0x7c00) == 0x7c00 && (h & 0x3ff) != 0;
      all.putShort(2 * h, (short) (nan ? 0x7e00 : h));
    }
    for (DType type : List.of(DType.F16, DType.BF16)) {
      byte[] floats = new byte[4 << 16];
      byte[] back = new byte[2 << 16];
      Quants.dequantize(type, bytes(all.array()), 0, bytes(floats), 0, 1 << 16);
      Quants.quantize(type, bytes(floats), 0, bytes(back), 0, 1 << 16);
      assertArrayEquals(all.array(), back, type.toString());
    }
    ByteBuffer one = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN).putShort((short) 0x3555);
    assertEquals(
        0.333251953125f, Quants.dequantize(DType.F16, bytes(one.array()), 0, 1)[0]); // 1/3 in F16
  }

  /** Offsets are in bytes, odd ones too, and nothing outside the ranges is touched. */
  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"})
  void offsetsAndGuards(DType type) {
    int n = 32 * 11; // more than one chunk, not a multiple of one
    int size = (int) type.bytes(n);
    Random random = new Random(7);
    ByteBuffer values = ByteBuffer.allocate(4 * n + 2).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < n; i++) {
      values.putFloat(1 + 4 * i, (float) random.nextGaussian());
    }
    byte[] stored = new byte[size + 6];
    Arrays.fill(stored, (byte) 0x5a);
    Quants.quantize(type, bytes(values.array()), 1, bytes(stored), 3, n);
    for (int i : new int[] {0, 1, 2, size + 3, size + 4, size + 5}) {
      assertEquals(0x5a, stored[i]);
    }
    byte[] back = new byte[4 * n + 2];
    back[0] = 0x5a;
    back[4 * n + 1] = 0x5a;
    Quants.dequantize(type, bytes(stored), 3, bytes(back), 1, n);
    assertEquals(0x5a, back[0]);
    assertEquals(0x5a, back[4 * n + 1]);
    for (int i = 0; i < n; i++) {
      float got = ByteBuffer.wrap(back).order(ByteOrder.LITTLE_ENDIAN).getFloat(1 + 4 * i);
      assertEquals(values.getFloat(1 + 4 * i), got, 0.25f);
    }
  }

  @Test
  void zerosStayZeros() {
    for (DType type : DType.values()) {
      if (Quants.canQuantize(type)) {
        byte[] stored = new byte[(int) type.bytes(32)];
        Quants.quantize(type, bytes(new byte[128]), 0, bytes(stored), 0, 32);
        for (float v : Quants.dequantize(type, bytes(stored), 0, 32)) {
          assertEquals(0, Math.abs(v), type.toString());
        }
      }
    }
  }

  @Test
  void refusesWhatItCannotDo() {
    MemorySegment some = bytes(new byte[1024]);
    assertThrows(
        IllegalArgumentException.class, () -> Quants.dequantize(DType.I32, some, 0, some, 0, 1));
    assertThrows(
        IllegalArgumentException.class, () -> Quants.quantize(DType.Q4_K, some, 0, some, 0, 256));
    assertThrows(
        IllegalArgumentException.class, () -> Quants.dequantize(DType.Q8_0, some, 0, some, 0, 31));
    assertThrows(
        IndexOutOfBoundsException.class, () -> Quants.dequantize(DType.Q8_0, some, 1000, 32));
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> Quants.dequantize(DType.Q8_0, some, 0, some, 1000, 32));
    assertThrows(
        IndexOutOfBoundsException.class, () -> Quants.quantize(DType.F16, some, 0, some, 1023, 1));
  }

  private static MemorySegment bytes(byte[] array) {
    return MemorySegment.ofArray(array);
  }
}
