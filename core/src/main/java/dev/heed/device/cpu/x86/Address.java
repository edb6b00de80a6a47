package dev.heed.device.cpu.x86;

/**
 * Memory at {@code base + factor * index + offset}.
 *
 * @param index not RSP, which has no encoding as such; null for none
 * @param factor 1, 2, 4 or 8
 * @param offset bytes
 */
public record Address(Register base, Register index, int factor, int offset) {
  /** Checks what can be encoded. */
  public Address {
    if (index == Register.RSP) {
      throw new IllegalArgumentException("rsp cannot be an index");
    }
    if (Integer.bitCount(factor) != 1 || factor > 8) {
      throw new IllegalArgumentException("factor %d: want 1, 2, 4 or 8".formatted(factor));
    }
  }

  /** So many bytes further. */
  public Address plus(int bytes) {
    return new Address(base, index, factor, offset + bytes);
  }
}
