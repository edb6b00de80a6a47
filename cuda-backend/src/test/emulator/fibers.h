// Runs the blocks of a launch, one after the other, their threads as fibers.
#pragma once
#include "emulated.h"

namespace emulator {
// Whether the launch ended well; a block whose threads wait for each other for ever did not. `early`: it may begin before the
// launch before has ended, so every thread must wait for that.
bool run(const Kernel &kernel, Dim grid, Dim block, size_t shared, const void *arguments, bool early);
const Kernel *find(const char *name);

// What hopper.cpp needs of the running block: its shared memory, the running thread, and to wait until something holds.
unsigned char *shared_base();
int current_thread();
void wait_until(bool (*holds)(const void *barrier, unsigned parity), const void *barrier, unsigned parity);

// And what the blocks need of it: copies under way, of which one arrives when all threads wait.
void begin_transfers();
bool deliver(bool newest);
bool nothing_under_way();
} // namespace emulator
