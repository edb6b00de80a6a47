// Hopper's copy engine and products of warp groups (compute_90a): boxes of a tensor to shared memory through tensor maps
// (TMA), barriers in shared memory that count arrivals and bytes, and wgmma with both operands in shared memory. PTX ISA
// 8.0: cp.async.bulk.tensor, mbarrier, wgmma and its matrix descriptors, setmaxnreg.
#pragma once
#include "common.cuh"

#define WARP_GROUP 128

// CUtensorMap of cuda.h, which the host fills.
struct alignas(128) TensorMap {
  u64 words[16];
};

#if defined(HEED_EMULATED)
#define HOPPER
DEVICE u32 shared_address(const void *at) { return emulator::shared_offset(at); }
DEVICE void barrier_init(u64 *barrier, u32 arrivals) { emulator::barrier_init(barrier, arrivals); }
DEVICE void publish_barriers() {}
DEVICE void barrier_expect(u64 *barrier, u32 bytes) { emulator::barrier_arrive(barrier, bytes); }
DEVICE void barrier_arrive(u64 *barrier) { emulator::barrier_arrive(barrier, 0); }
DEVICE void barrier_wait(u64 *barrier, u32 parity) { emulator::barrier_wait(barrier, parity); }
DEVICE void load_box(void *to, const TensorMap &map, int x, int y, u64 *barrier) {
  int at[5] = {x, y, 0, 0, 0};
  emulator::load_box(to, &map, at, barrier);
}
DEVICE void load_box(void *to, const TensorMap &map, int x, int y, int z, int w, u64 *barrier) {
  int at[5] = {x, y, z, w, 0};
  emulator::load_box(to, &map, at, barrier);
}
template <int REGISTERS> DEVICE void keep_registers() {}
template <int REGISTERS> DEVICE void take_registers() {}
DEVICE void wgmma_begin(float *) {}
template <int TYPE> DEVICE void wgmma(float *d, u64 a, u64 b, int add) {
  emulator::wgmma(TYPE == F16 ? from_f16 : from_bf16, d, a, b, add);
}
DEVICE void wgmma_commit() { emulator::wgmma_commit(); }
template <int GROUPS> DEVICE void wgmma_wait(float *) { emulator::wgmma_wait(GROUPS); }
#elif defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HOPPER
DEVICE u32 shared_address(const void *at) { return (u32)__cvta_generic_to_shared(at); }

DEVICE void barrier_init(u64 *barrier, u32 arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}

// New barriers become visible to the copy engine.
DEVICE void publish_barriers() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// Arrives, and lets the phase wait for so many bytes too.
DEVICE void barrier_expect(u64 *barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes) : "memory");
}

DEVICE void barrier_arrive(u64 *barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}

// Waits until the phase of this parity is complete.
DEVICE void barrier_wait(u64 *barrier, u32 parity) {
  u32 at = shared_address(barrier);
  u32 done;
  do {
    asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}"
                 : "=r"(done)
                 : "r"(at), "r"(parity)
                 : "memory");
  } while (!done);
}

// A box of a tensor from an element on, zeros outside of it; its bytes count at the barrier.
DEVICE void load_box(void *to, const TensorMap &map, int x, int y, u64 *barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::"r"(
                   shared_address(to)),
               "l"(&map), "r"(x), "r"(y), "r"(shared_address(barrier))
               : "memory");
}
DEVICE void load_box(void *to, const TensorMap &map, int x, int y, int z, int w, u64 *barrier) {
  asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4, %5}], "
               "[%6];" ::"r"(shared_address(to)),
               "l"(&map), "r"(x), "r"(y), "r"(z), "r"(w), "r"(shared_address(barrier))
               : "memory");
}

// This warp group keeps so many registers a thread, or takes so many from those given up.
template <int REGISTERS> DEVICE void keep_registers() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS)); }
template <int REGISTERS> DEVICE void take_registers() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS)); }

// The compiler neither moves nor copies accumulators across this.
DEVICE void hold(float *d) {
#pragma unroll
  for (int i = 0; i < 128; i++) {
    asm volatile("" : "+f"(d[i])::"memory");
  }
}

DEVICE void wgmma_begin(float *d) {
  hold(d);
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
DEVICE void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// All groups but the last so many are done.
template <int GROUPS> DEVICE void wgmma_wait(float *d) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(GROUPS) : "memory");
  if (GROUPS == 0) {
    hold(d);
  }
}

#define EIGHT(i)                                                                                                       \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define WGMMA(type)                                                                                                    \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %130, 0;\n"                                                           \
               "wgmma.mma_async.sync.aligned.m64n256k16.f32." type "." type " {"                                       \
               "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"                                                \
               "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,"                                      \
               "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,"                                      \
               "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63,"                                      \
               "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,"                                      \
               "%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95,"                                      \
               "%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111,"                          \
               "%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"                       \
               "}, %128, %129, p, 1, 1, 0, 0;\n}"                                                                      \
               : EIGHT(0), EIGHT(8), EIGHT(16), EIGHT(24), EIGHT(32), EIGHT(40), EIGHT(48), EIGHT(56), EIGHT(64),      \
                 EIGHT(72), EIGHT(80), EIGHT(88), EIGHT(96), EIGHT(104), EIGHT(112), EIGHT(120)                        \
               : "l"(a), "l"(b), "r"(add)                                                                              \
               : "memory")

// d = a b^T, or d += a b^T: a [64, 16], b [256, 16]. Of row 16 w + g + 8 h of d, for w a warp of the group, g = lane / 4 and
// t = lane % 4, a lane has columns 8 j + 2 t and the next: elements 4 j + 2 h and the next.
template <int TYPE> DEVICE void wgmma(float *d, u64 a, u64 b, int add) {
  if (TYPE == F16) {
    WGMMA("f16");
  } else {
    WGMMA("bf16");
  }
}
#endif

#ifdef HOPPER
enum Swizzle { UNSWIZZLED = 0, BY_128_BYTES = 1 };

// An operand in shared memory made of 8 by 8 elements of 16 bits: bytes from such a matrix to the next along k (not read
// where rows of 128 bytes are swizzled), and to that of the next eight rows.
DEVICE u64 operand(const void *at, u32 along_k, u32 along_rows, Swizzle swizzle) {
  return (u64)(shared_address(at) >> 4) | (u64)(along_k >> 4) << 16 | (u64)(along_rows >> 4) << 32 | (u64)swizzle << 62;
}
#endif
