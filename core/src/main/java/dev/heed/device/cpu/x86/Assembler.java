package dev.heed.device.cpu.x86;

import java.util.Arrays;

/**
 * Encodes the few x86-64 instructions that products of bytes need, under Intel's names and with
 * Intel's order of operands: the destination first. Vectors are zmm registers by their numbers, 0
 * to 31. Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, sections
 * 2.1 (general), 2.7 (EVEX) and the instructions' own pages.
 */
public final class Assembler {
  // Opcode maps and mandatory prefixes as EVEX encodes them.
  private static final int MAP_0F = 1;
  private static final int MAP_0F38 = 2;
  private static final int MAP_0F3A = 3;
  private static final int NONE = 0;
  private static final int P66 = 1;

  /** Bytes that a whole vector takes in memory, which short offsets count in. */
  private static final int VECTOR = 64;

  private static final int WORD = 4;

  private byte[] code = new byte[4096];
  private int size;

  /** Jumps to labels that are not bound yet. */
  private int open;

  /**
   * The code so far.
   *
   * @throws IllegalStateException if a label that was jumped to has no place
   */
  public byte[] toBytes() {
    if (open > 0) {
      throw new IllegalStateException("%d jumps go nowhere".formatted(open));
    }
    return Arrays.copyOf(code, size);
  }

  // Vectors.

  /** d += sums of 4 products each: unsigned bytes of a times signed bytes of b. AVX512_VNNI. */
  public void vpdpbusd(int d, int a, int b) {
    vector(MAP_0F38, P66, 0x50, d, a, b);
  }

  /** d += sums of 2 products each: signed numbers of 16 bits of a times those of b. AVX512_VNNI. */
  public void vpdpwssd(int d, int a, int b) {
    vector(MAP_0F38, P66, 0x52, d, a, b);
  }

  /** d = a ^ b. */
  public void vpxord(int d, int a, int b) {
    vector(MAP_0F, P66, 0xef, d, a, b);
  }

  /** A word of 32 bits in every lane. */
  public void vpbroadcastd(int d, Address from) {
    vector(MAP_0F38, P66, 0x58, d, 0, from, WORD);
  }

  /** The register's low 32 bits in every lane. */
  public void vpbroadcastd(int d, Register from) {
    vector(MAP_0F38, P66, 0x7c, d, 0, from.ordinal());
  }

  /** Loads a vector. */
  public void vmovups(int d, Address from) {
    vector(MAP_0F, NONE, 0x10, d, 0, from, VECTOR);
  }

  /** Stores a vector. */
  public void vmovups(Address to, int a) {
    vector(MAP_0F, NONE, 0x11, a, 0, to, VECTOR);
  }

  /** d = a. */
  public void vmovaps(int d, int a) {
    vector(MAP_0F, NONE, 0x28, d, 0, a);
  }

  /** d = a and b. */
  public void vpandd(int d, int a, int b) {
    vector(MAP_0F, P66, 0xdb, d, a, b);
  }

  /** Every bit of d by a table of 8 bits: that of number {@code 4 d + 2 a + b} is its new value. */
  public void vpternlogd(int d, int a, int b, int table) {
    vector(MAP_0F3A, P66, 0x25, d, a, b);
    emit(table);
  }

  /** d = a logically shifted right, in lanes of 32 bits. */
  public void vpsrld(int d, int a, int bits) {
    shift(0x72, 2, d, a, bits);
  }

  /** d = a shifted right with its sign. */
  public void vpsrad(int d, int a, int bits) {
    shift(0x72, 4, d, a, bits);
  }

  /** d = a shifted left. */
  public void vpslld(int d, int a, int bits) {
    shift(0x72, 6, d, a, bits);
  }

  /** d = a rotated left. */
  public void vprold(int d, int a, int bits) {
    shift(0x72, 1, d, a, bits);
  }

  /** d = low 32 bits of a * b. */
  public void vpmulld(int d, int a, int b) {
    vector(MAP_0F38, P66, 0x40, d, a, b);
  }

  /** d = the F32 nearest to a signed integer of 32 bits. */
  public void vcvtdq2ps(int d, int a) {
    vector(MAP_0F, NONE, 0x5b, d, 0, a);
  }

  /** d = a * b in F32. */
  public void vmulps(int d, int a, int b) {
    vector(MAP_0F, NONE, 0x59, d, a, b);
  }

  /** d += a * b in F32, rounded once. */
  public void vfmadd231ps(int d, int a, int b) {
    vector(MAP_0F38, P66, 0xb8, d, a, b);
  }

  /** Clears the vectors' upper halves: what code that uses SSE expects. */
  public void vzeroupper() {
    emit(0xc5, 0xf8, 0x77);
  }

  // General registers.

  /** d = a. */
  public void mov(Register d, Register a) {
    rex(true, a.ordinal(), 0, d.ordinal());
    emit(0x89, 0xc0 | (a.ordinal() & 7) << 3 | d.ordinal() & 7);
  }

  /** Loads 64 bits. */
  public void mov(Register d, Address from) {
    general(0x8b, d, from);
  }

  /** Stores 64 bits. */
  public void mov(Address to, Register a) {
    general(0x89, a, to);
  }

  /** d = the value in its low 32 bits, zeros above. */
  public void mov(Register d, int value) {
    rex(false, 0, 0, d.ordinal());
    emit(0xb8 | d.ordinal() & 7);
    int32(value);
  }

  /** d = an address. */
  public void lea(Register d, Address of) {
    general(0x8d, d, of);
  }

  /** d += a. */
  public void add(Register d, Register a) {
    rex(true, a.ordinal(), 0, d.ordinal());
    emit(0x01, 0xc0 | (a.ordinal() & 7) << 3 | d.ordinal() & 7);
  }

  /** d -= a; sets the flags. */
  public void sub(Register d, Register a) {
    rex(true, a.ordinal(), 0, d.ordinal());
    emit(0x29, 0xc0 | (a.ordinal() & 7) << 3 | d.ordinal() & 7);
  }

  /** d += value. */
  public void add(Register d, int value) {
    immediate(0, d, value);
  }

  /** d -= value; sets the flags. */
  public void sub(Register d, int value) {
    immediate(5, d, value);
  }

  /** Compares as signed numbers, for a jump. */
  public void cmp(Register a, int value) {
    immediate(7, a, value);
  }

  /** d = low 64 bits of a * value. */
  public void imul(Register d, Register a, int value) {
    rex(true, d.ordinal(), 0, a.ordinal());
    boolean small = value == (byte) value;
    emit(small ? 0x6b : 0x69, 0xc0 | (d.ordinal() & 7) << 3 | a.ordinal() & 7);
    immediate(value, small);
  }

  /** Puts a register on the stack. */
  public void push(Register a) {
    rex(false, 0, 0, a.ordinal());
    emit(0x50 | a.ordinal() & 7);
  }

  /** Takes a register off the stack. */
  public void pop(Register d) {
    rex(false, 0, 0, d.ordinal());
    emit(0x58 | d.ordinal() & 7);
  }

  /** Returns to the caller. */
  public void ret() {
    emit(0xc3);
  }

  // Jumps, all with distances of 32 bits.

  /** This is the place; once a label. */
  public void bind(Label label) {
    if (label.at >= 0) {
      throw new IllegalStateException("a label is bound twice");
    }
    label.at = size;
    open -= label.uses.size();
    for (int use : label.uses) {
      int end = size;
      size = use;
      int32(end - use - 4);
      size = end;
    }
  }

  /** Goes on at a label. */
  public void jmp(Label to) {
    emit(0xe9);
    distance(to);
  }

  /** Goes there if the last result was not zero, or what was compared not equal. */
  public void jne(Label to) {
    emit(0x0f, 0x85);
    distance(to);
  }

  /** Goes there if what was compared was less, as signed numbers. */
  public void jl(Label to) {
    emit(0x0f, 0x8c);
    distance(to);
  }

  // Encodings.

  private void distance(Label to) {
    if (to.at < 0) {
      to.uses.add(size);
      open++;
      int32(0);
    } else {
      int32(to.at - size - 4);
    }
  }

  private void shift(int opcode, int extension, int d, int a, int bits) {
    vector(MAP_0F, P66, opcode, extension, d, a);
    emit(bits);
  }

  /** Three registers: {@code reg}, {@code second} in the prefix, {@code rm}. */
  private void vector(int map, int prefix, int opcode, int reg, int second, int rm) {
    evex(map, prefix, reg, second, rm >> 4, rm >> 3);
    emit(opcode, 0xc0 | (reg & 7) << 3 | rm & 7);
  }

  /** Two registers and memory, whose short offsets count in {@code unit} bytes. */
  private void vector(int map, int prefix, int opcode, int reg, int second, Address rm, int unit) {
    int index = rm.index() == null ? 0 : rm.index().ordinal();
    evex(map, prefix, reg, second, index >> 3, rm.base().ordinal() >> 3);
    emit(opcode);
    memory(reg, rm, unit);
  }

  /** EVEX prefix for vectors of 512 bits, elements of 32 and no mask. Most bits are inverted. */
  private void evex(int map, int prefix, int reg, int second, int x, int b) {
    emit(
        0x62,
        (~reg >> 3 & 1) << 7 | (~x & 1) << 6 | (~b & 1) << 5 | (~reg >> 4 & 1) << 4 | map,
        (~second & 15) << 3 | 4 | prefix,
        0x40 | (~second >> 4 & 1) << 3);
  }

  private void general(int opcode, Register reg, Address rm) {
    int index = rm.index() == null ? 0 : rm.index().ordinal();
    rex(true, reg.ordinal(), index, rm.base().ordinal());
    emit(opcode);
    memory(reg.ordinal(), rm, 1);
  }

  private void immediate(int extension, Register d, int value) {
    rex(true, 0, 0, d.ordinal());
    boolean small = value == (byte) value;
    if (!small && d == Register.RAX) {
      emit(extension << 3 | 5); // one byte shorter
    } else {
      emit(small ? 0x83 : 0x81, 0xc0 | extension << 3 | d.ordinal() & 7);
    }
    immediate(value, small);
  }

  private void immediate(int value, boolean small) {
    if (small) {
      emit(value);
    } else {
      int32(value);
    }
  }

  /** REX prefix, where it says something. */
  private void rex(boolean wide, int reg, int index, int base) {
    int rex = (wide ? 8 : 0) | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;
    if (rex != 0) {
      emit(0x40 | rex);
    }
  }

  /** ModRM, SIB and offset. */
  private void memory(int reg, Address at, int unit) {
    int base = at.base().ordinal() & 7;
    int offset = at.offset();
    boolean small = offset % unit == 0 && offset / unit == (byte) (offset / unit);
    int mode = offset == 0 && base != 5 ? 0 : small ? 1 : 2;
    boolean sib = at.index() != null || base == 4;
    emit(mode << 6 | (reg & 7) << 3 | (sib ? 4 : base));
    if (sib) {
      int index = at.index() == null ? 4 : at.index().ordinal() & 7;
      emit(Integer.numberOfTrailingZeros(at.factor()) << 6 | index << 3 | base);
    }
    if (mode == 1) {
      emit(offset / unit);
    } else if (mode == 2) {
      int32(offset);
    }
  }

  private void int32(int value) {
    emit(value, value >> 8, value >> 16, value >> 24);
  }

  private void emit(int... bytes) {
    if (size + bytes.length > code.length) {
      code = Arrays.copyOf(code, 2 * code.length);
    }
    for (int b : bytes) {
      code[size++] = (byte) b;
    }
  }
}
