// Adds 1 to the step of a random state: what ends every op that draws. One work-item.
// Estimate: nothing but the launch. 2 registers (sm_80: 8).
#include "common.cl"

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void advance(GLOBAL int *state, long state_at) {
  state[state_at + 2] += 1;
}
