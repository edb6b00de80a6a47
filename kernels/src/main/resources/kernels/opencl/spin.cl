// Keeps a thread of a CPU's driver awake until the next long kernel begins, or for `most` rounds: a thread that sleeps
// between two kernels wakes up 20 us late. Never waits for ever, whatever order kernels run in.
//
// started: how many long kernels of the queue have begun; number: the one that is waited for, counted from 1.
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void spin(volatile __global int *started, int number, int most) {
  for (int i = 0; i < most && *started - number < 0; i++) {
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
  }
}
