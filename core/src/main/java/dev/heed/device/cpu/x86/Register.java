package dev.heed.device.cpu.x86;

/** General registers of 64 bits, in the order of their numbers. */
public enum Register {
  RAX,
  RCX,
  RDX,
  RBX,
  RSP,
  RBP,
  RSI,
  RDI,
  R8,
  R9,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15;

  /** Memory at this register's address, {@code offset} bytes further. */
  public Address at(int offset) {
    return new Address(this, null, 1, offset);
  }

  /** Memory at this register's address plus {@code factor} (1, 2, 4 or 8) times another's value. */
  public Address plus(Register index, int factor, int offset) {
    return new Address(this, index, factor, offset);
  }
}
