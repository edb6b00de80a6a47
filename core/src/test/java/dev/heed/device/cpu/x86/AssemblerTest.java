package dev.heed.device.cpu.x86;

import static dev.heed.device.cpu.x86.Register.R10;
import static dev.heed.device.cpu.x86.Register.R11;
import static dev.heed.device.cpu.x86.Register.R12;
import static dev.heed.device.cpu.x86.Register.R13;
import static dev.heed.device.cpu.x86.Register.R14;
import static dev.heed.device.cpu.x86.Register.R15;
import static dev.heed.device.cpu.x86.Register.R8;
import static dev.heed.device.cpu.x86.Register.R9;
import static dev.heed.device.cpu.x86.Register.RAX;
import static dev.heed.device.cpu.x86.Register.RBP;
import static dev.heed.device.cpu.x86.Register.RBX;
import static dev.heed.device.cpu.x86.Register.RCX;
import static dev.heed.device.cpu.x86.Register.RDI;
import static dev.heed.device.cpu.x86.Register.RDX;
import static dev.heed.device.cpu.x86.Register.RSI;
import static dev.heed.device.cpu.x86.Register.RSP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The wanted bytes are those of GNU as 2.40 for the instruction that a case is named after. */
class AssemblerTest {
  private static Arguments is(String instruction, String bytes, Consumer<Assembler> emit) {
    return Arguments.of(instruction, bytes, emit);
  }

  static Stream<Arguments> instructions() {
    return Stream.of(
        is("vpdpbusd zmm2, zmm17, zmm30", "62 92 75 40 50 d6", a -> a.vpdpbusd(2, 17, 30)),
        is("vpdpbusd zmm31, zmm4, zmm9", "62 42 5d 48 50 f9", a -> a.vpdpbusd(31, 4, 9)),
        is("vpdpwssd zmm2, zmm17, zmm30", "62 92 75 40 52 d6", a -> a.vpdpwssd(2, 17, 30)),
        is("vpdpwssd zmm31, zmm4, zmm9", "62 42 5d 48 52 f9", a -> a.vpdpwssd(31, 4, 9)),
        is("vpxord zmm5, zmm22, zmm31", "62 91 4d 40 ef ef", a -> a.vpxord(5, 22, 31)),
        is("vpxord zmm30, zmm1, zmm8", "62 41 75 48 ef f0", a -> a.vpxord(30, 1, 8)),
        is(
            "vpbroadcastd zmm6, DWORD PTR [rax]",
            "62 f2 7d 48 58 30",
            a -> a.vpbroadcastd(6, RAX.at(0))),
        is(
            "vpbroadcastd zmm26, DWORD PTR [r13+rdx*4+508]",
            "62 42 7d 48 58 54 95 7f",
            a -> a.vpbroadcastd(26, R13.plus(RDX, 4, 508))),
        is(
            "vpbroadcastd zmm9, DWORD PTR [rbx+r14*2+512]",
            "62 32 7d 48 58 8c 73 00 02 00 00",
            a -> a.vpbroadcastd(9, RBX.plus(R14, 2, 512))),
        is(
            "vpbroadcastd zmm0, DWORD PTR [rcx-6]",
            "62 f2 7d 48 58 81 fa ff ff ff",
            a -> a.vpbroadcastd(0, RCX.at(-6))),
        is("vpbroadcastd zmm29, eax", "62 62 7d 48 7c e8", a -> a.vpbroadcastd(29, RAX)),
        is("vpbroadcastd zmm3, r9d", "62 d2 7d 48 7c d9", a -> a.vpbroadcastd(3, R9)),
        is("vmovups zmm0, ZMMWORD PTR [rbp]", "62 f1 7c 48 10 45 00", a -> a.vmovups(0, RBP.at(0))),
        is(
            "vmovups zmm24, ZMMWORD PTR [r12+64]",
            "62 41 7c 48 10 44 24 01",
            a -> a.vmovups(24, R12.at(64))),
        is(
            "vmovups zmm8, ZMMWORD PTR [rsp-8192]",
            "62 71 7c 48 10 44 24 80",
            a -> a.vmovups(8, RSP.at(-8192))),
        is(
            "vmovups zmm8, ZMMWORD PTR [rsp+8128]",
            "62 71 7c 48 10 44 24 7f",
            a -> a.vmovups(8, RSP.at(8128))),
        is(
            "vmovups ZMMWORD PTR [rsi+2048], zmm31",
            "62 61 7c 48 11 7e 20",
            a -> a.vmovups(RSI.at(2048), 31)),
        is(
            "vmovups ZMMWORD PTR [r8+100], zmm1",
            "62 d1 7c 48 11 88 64 00 00 00",
            a -> a.vmovups(R8.at(100), 1)),
        is("vmovaps zmm3, zmm18", "62 b1 7c 48 28 da", a -> a.vmovaps(3, 18)),
        is("vpandd zmm4, zmm5, zmm31", "62 91 55 48 db e7", a -> a.vpandd(4, 5, 31)),
        is(
            "vpternlogd zmm20, zmm26, zmm30, 0xf8",
            "62 83 2d 40 25 e6 f8",
            a -> a.vpternlogd(20, 26, 30, 0xf8)),
        is("vpsrld zmm1, zmm16, 8", "62 b1 75 48 72 d0 08", a -> a.vpsrld(1, 16, 8)),
        is("vpsrad zmm25, zmm0, 3", "62 f1 35 40 72 e0 03", a -> a.vpsrad(25, 0, 3)),
        is("vpslld zmm7, zmm27, 28", "62 91 45 48 72 f3 1c", a -> a.vpslld(7, 27, 28)),
        is("vprold zmm26, zmm8, 30", "62 d1 2d 40 72 c8 1e", a -> a.vprold(26, 8, 30)),
        is("vpmulld zmm26, zmm26, zmm29", "62 02 2d 40 40 d5", a -> a.vpmulld(26, 26, 29)),
        is("vcvtdq2ps zmm12, zmm23", "62 31 7c 48 5b e7", a -> a.vcvtdq2ps(12, 23)),
        is("vmulps zmm13, zmm1, zmm24", "62 11 74 48 59 e8", a -> a.vmulps(13, 1, 24)),
        is("vfmadd231ps zmm11, zmm22, zmm6", "62 72 4d 40 b8 de", a -> a.vfmadd231ps(11, 22, 6)),
        is("vzeroupper", "c5 f8 77", a -> a.vzeroupper()),
        is("mov r15, rsi", "49 89 f7", a -> a.mov(R15, RSI)),
        is("mov rax, r9", "4c 89 c8", a -> a.mov(RAX, R9)),
        is("mov rdi, QWORD PTR [rsp+0x60]", "48 8b 7c 24 60", a -> a.mov(RDI, RSP.at(96))),
        is("mov r12, QWORD PTR [r13]", "4d 8b 65 00", a -> a.mov(R12, R13.at(0))),
        is("mov QWORD PTR [rsp], rcx", "48 89 0c 24", a -> a.mov(RSP.at(0), RCX)),
        is(
            "mov QWORD PTR [r8+rax*8+1000], r9",
            "4d 89 8c c0 e8 03 00 00",
            a -> a.mov(R8.plus(RAX, 8, 1000), R9)),
        is("mov eax, 0x8fffe000", "b8 00 e0 ff 8f", a -> a.mov(RAX, 0x8fffe000)),
        is("mov r9d, 8", "41 b9 08 00 00 00", a -> a.mov(R9, 8)),
        is("lea r14, [rdx+rdx*2]", "4c 8d 34 52", a -> a.lea(R14, RDX.plus(RDX, 2, 0))),
        is("lea r11, [r15+8192]", "4d 8d 9f 00 20 00 00", a -> a.lea(R11, R15.at(8192))),
        is("add r10, rax", "49 01 c2", a -> a.add(R10, RAX)),
        is("sub r11, rax", "49 29 c3", a -> a.sub(R11, RAX)),
        is("add rsp, 40", "48 83 c4 28", a -> a.add(RSP, 40)),
        is("add rax, 1000", "48 05 e8 03 00 00", a -> a.add(RAX, 1000)),
        is("add rcx, 1024", "48 81 c1 00 04 00 00", a -> a.add(RCX, 1024)),
        is("sub r9, 1", "49 83 e9 01", a -> a.sub(R9, 1)),
        is("cmp r12, -200", "49 81 fc 38 ff ff ff", a -> a.cmp(R12, -200)),
        is("cmp rax, 6", "48 83 f8 06", a -> a.cmp(RAX, 6)),
        is("imul rax, rax, 128", "48 69 c0 80 00 00 00", a -> a.imul(RAX, RAX, 128)),
        is("imul r10, rcx, 44", "4c 6b d1 2c", a -> a.imul(R10, RCX, 44)),
        is("push rbx", "53", a -> a.push(RBX)),
        is("push r15", "41 57", a -> a.push(R15)),
        is("pop rbp", "5d", a -> a.pop(RBP)),
        is("pop r12", "41 5c", a -> a.pop(R12)),
        is("ret", "c3", a -> a.ret()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("instructions")
  void encodesAsGnuAsDoes(String instruction, String bytes, Consumer<Assembler> emit) {
    Assembler asm = new Assembler();
    emit.accept(asm);
    assertEquals(bytes, HexFormat.ofDelimiter(" ").formatHex(asm.toBytes()));
  }

  /** a: jmp b; jne a; jl b; ret; b: jmp a. */
  @Test
  void jumpsForwardAndBack() {
    Assembler asm = new Assembler();
    Label a = new Label();
    Label b = new Label();
    asm.bind(a);
    asm.jmp(b);
    asm.jne(a);
    asm.jl(b);
    asm.ret();
    asm.bind(b);
    asm.jmp(a);
    assertEquals(
        "e90d000000" + "0f85f5ffffff" + "0f8c01000000" + "c3" + "e9e9ffffff",
        HexFormat.of().formatHex(asm.toBytes()));
    assertThrows(IllegalStateException.class, () -> asm.bind(a));
  }

  @Test
  void refusesJumpsToNowhere() {
    Assembler asm = new Assembler();
    asm.jmp(new Label());
    assertThrows(IllegalStateException.class, asm::toBytes);
  }

  @Test
  void refusesAddressesThatHaveNoEncoding() {
    assertThrows(IllegalArgumentException.class, () -> RAX.plus(RSP, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> RAX.plus(RBX, 3, 0));
    assertThrows(IllegalArgumentException.class, () -> RAX.plus(RBX, 16, 0));
  }

  @Test
  void growsAsItNeeds() {
    Assembler asm = new Assembler();
    for (int i = 0; i < 10_000; i++) {
      asm.vzeroupper();
    }
    assertEquals("c5f877".repeat(10_000), HexFormat.of().formatHex(asm.toBytes()));
  }
}
