// Runs the blocks of a launch, one after the other, their threads as fibers.
#pragma once
#include "emulated.h"

namespace emulator {
// Whether the launch ended well; a block whose threads wait for each other for ever did not.
bool run(const Kernel &kernel, Dim grid, Dim block, size_t shared, const void *arguments);
const Kernel *find(const char *name);
} // namespace emulator
