// What kernels whose rows are shared by LANES work-items need: sums and maxima over the lanes, in an order that is the same
// for all rows. The subgroup family takes them by subgroups first, and then over what each subgroup has.
#ifdef SUBGROUP // before subgroups.cl gives it a value: the subgroup family
#define HAS_SUBGROUPS 1
#else
#define HAS_SUBGROUPS 0
#endif
#include "common.cl"
#include "subgroups.cl"

#if LANES == 1
#define LANE_SPACE(name)
#define LANE_PARAMETER(name)
#define LANE_ARGUMENT(name)
#define LANE_SUM(value, name) (value)
#define LANE_MAX(value, name) (value)
#else
#define LANE_SPACE(name) LOCAL float name[LANES]
#define LANE_PARAMETER(name) , LOCAL float *name // of a function, after others
#define LANE_ARGUMENT(name) , name
#define LANE_SUM(value, name) lane_sum(value, name)
#define LANE_MAX(value, name) lane_max(value, name)
#define LANE_SUMMED(a, b) ((a) + (b))

// name reduces `value` over all lanes.
#if HAS_SUBGROUPS && LANES % SUBGROUP_SIZE == 0
#define LANE_REDUCTION(name, OF_TWO, OF_SUBGROUP)                                                                      \
  INLINE_LOCAL float name(float value, LOCAL float *space) {                                                           \
    float mine = OF_SUBGROUP(value, space);                                                                            \
    if (LANES == SUBGROUP_SIZE) {                                                                                      \
      return mine;                                                                                                     \
    }                                                                                                                  \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
    if (SUBGROUP_LANE == 0) {                                                                                          \
      space[SUBGROUP_ID] = mine;                                                                                       \
    }                                                                                                                  \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
    float all = space[0];                                                                                              \
    for (int i = 1; i < LANES / SUBGROUP_SIZE; i++) {                                                                  \
      all = OF_TWO(all, space[i]);                                                                                     \
    }                                                                                                                  \
    return all;                                                                                                        \
  }
#else
#define LANE_REDUCTION(name, OF_TWO, OF_SUBGROUP)                                                                      \
  INLINE_LOCAL float name(float value, LOCAL float *space) {                                                           \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
    space[LANE] = value;                                                                                               \
    for (int step = LANES / 2; step > 0; step /= 2) {                                                                  \
      barrier(CLK_LOCAL_MEM_FENCE);                                                                                    \
      if (LANE < step) {                                                                                               \
        space[LANE] = OF_TWO(space[LANE], space[LANE + step]);                                                         \
      }                                                                                                                \
    }                                                                                                                  \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
    return space[0];                                                                                                   \
  }
#endif
LANE_REDUCTION(lane_sum, LANE_SUMMED, SUBGROUP_SUM)
LANE_REDUCTION(lane_max, fmax, SUBGROUP_MAX)
#endif
