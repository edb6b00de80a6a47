// Subgroups: work-items that run in step and read each other's registers. Here a work-group is one subgroup of
// SUBGROUP_SIZE items, a power of 2; where only SUM and MAX are used, it may be several.
//
// SUBGROUP says by what means, by extension:
//   INTEL         cl_intel_subgroups and cl_intel_required_subgroup_size
//   KHR_SHUFFLE   cl_khr_subgroups and cl_khr_subgroup_shuffle
//   KHR           cl_khr_subgroups: reductions and broadcasts; shuffles go through local memory
//   EMULATED      everything goes through local memory: for drivers without subgroups, to test the kernels on them
//
// All items of a group must come to each of these together, as to a barrier; `space` is declared once in the kernel.
//   SUBGROUP_KERNEL(name)                       a kernel whose groups are subgroups
//   SUBGROUP_LANE, GROUP_ROW                    the item in its subgroup, the work-group in the range's first dimension
//   SUBGROUP_ID                                 the subgroup in its work-group
//   SUBGROUP_SPACE(space, count)                room for `count` floats of each item
//   SUBGROUP_SUM(v, space), SUBGROUP_MAX(..)    over all items, for all items, by the same tree of pairs wherever it is ours
//   SUBGROUP_SHARE(v, count, space)             from here to the next SHARE, the others may read floats v[0 .. count - 1]
//   SUBGROUP_OF(v, i, lane, space)              v[i] of item `lane`, the same `lane` for all items
//   SUBGROUP_SHUFFLE(v, i, lane, space)         v[i] of item `lane`, which may be another for each item
// Between a SHARE and the reads of what it shared, v must not change, nor may SUM or MAX use the same space.
#include "common.cl"

#define EMULATED 1
#define KHR 2
#define KHR_SHUFFLE 3
#define INTEL 4

#ifndef SUBGROUP
#define SUBGROUP EMULATED
#endif
#ifndef SUBGROUP_SIZE
#define SUBGROUP_SIZE 16 // items of a subgroup
#endif

#if SUBGROUP == INTEL
#pragma OPENCL EXTENSION cl_intel_subgroups : enable
#define SUBGROUP_ATTRIBUTE __attribute__((intel_reqd_sub_group_size(SUBGROUP_SIZE)))
#else
#define SUBGROUP_ATTRIBUTE
#endif
#if SUBGROUP == KHR || SUBGROUP == KHR_SHUFFLE
#pragma OPENCL EXTENSION cl_khr_subgroups : enable
#endif
#if SUBGROUP == KHR_SHUFFLE
#pragma OPENCL EXTENSION cl_khr_subgroup_shuffle : enable
#endif

#define SUBGROUP_KERNEL(name)                                                                                          \
  __kernel SUBGROUP_ATTRIBUTE __attribute__((reqd_work_group_size(SUBGROUP_SIZE, 1, 1))) void name

#if SUBGROUP == EMULATED
#define SUBGROUP_ID ((int)get_local_id(0) / SUBGROUP_SIZE)
#else
#define SUBGROUP_ID ((int)get_sub_group_id())
#endif

// ---- one value of another item, and the partner of each step of a tree ----

#if SUBGROUP == INTEL
#define SUBGROUP_LANE ((int)get_sub_group_local_id())
#define SUBGROUP_SHUFFLE(v, i, lane, space) intel_sub_group_shuffle((v)[i], (uint)(lane))
#define SUBGROUP_PARTNER(v, step, space) intel_sub_group_shuffle_xor(v, (uint)(step))
#elif SUBGROUP == KHR_SHUFFLE
#define SUBGROUP_LANE ((int)get_sub_group_local_id())
#define SUBGROUP_SHUFFLE(v, i, lane, space) sub_group_shuffle((v)[i], (uint)(lane))
#define SUBGROUP_PARTNER(v, step, space) sub_group_shuffle_xor(v, (uint)(step))
#else
#if SUBGROUP == KHR
#define SUBGROUP_LANE ((int)get_sub_group_local_id())
#else
#define SUBGROUP_LANE ((int)get_local_id(0) % SUBGROUP_SIZE)
#endif
#define SUBGROUP_SHUFFLE(v, i, lane, space) (space)[(i) * SUBGROUP_SIZE + (lane)]
#define SUBGROUP_PARTNER(v, step, space) subgroup_partner(v, step, space)

INLINE_LOCAL float subgroup_partner(float v, int step, LOCAL float *space) {
  barrier(CLK_LOCAL_MEM_FENCE);
  space[get_local_id(0)] = v;
  barrier(CLK_LOCAL_MEM_FENCE);
  return space[(int)get_local_id(0) ^ step];
}
#endif

// ---- values for all to read ----

#if SUBGROUP == INTEL || SUBGROUP == KHR_SHUFFLE
#define SUBGROUP_SPACE(space, count) LOCAL float *const space = 0
#define SUBGROUP_SHARE(v, count, space)
#else
#define SUBGROUP_SPACE(space, count) LOCAL float space[(count) * SUBGROUP_SIZE]
#define SUBGROUP_SHARE(v, count, space)                                                                                \
  {                                                                                                                    \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
    for (int shared_ = 0; shared_ < (count); shared_++) {                                                              \
      (space)[shared_ * SUBGROUP_SIZE + SUBGROUP_LANE] = (v)[shared_];                                                 \
    }                                                                                                                  \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
  }
#endif

#if SUBGROUP == EMULATED
#define SUBGROUP_OF(v, i, lane, space) SUBGROUP_SHUFFLE(v, i, lane, space)
#else
#define SUBGROUP_OF(v, i, lane, space) sub_group_broadcast((v)[i], (uint)(lane))
#endif

// ---- reductions ----

#if SUBGROUP == KHR
#define SUBGROUP_SUM(v, space) sub_group_reduce_add(v)
#define SUBGROUP_MAX(v, space) sub_group_reduce_max(v)
#else
#define SUBGROUP_SUM(v, space) subgroup_sum(v, space)
#define SUBGROUP_MAX(v, space) subgroup_max(v, space)

// Each item adds its partner's sum to its own: as a + b is b + a, all have the same bits in the end.
INLINE_LOCAL float subgroup_sum(float v, LOCAL float *space) {
  for (int step = SUBGROUP_SIZE / 2; step > 0; step /= 2) {
    v += SUBGROUP_PARTNER(v, step, space);
  }
  return v;
}

INLINE_LOCAL float subgroup_max(float v, LOCAL float *space) {
  for (int step = SUBGROUP_SIZE / 2; step > 0; step /= 2) {
    v = fmax(v, SUBGROUP_PARTNER(v, step, space));
  }
  return v;
}
#endif
