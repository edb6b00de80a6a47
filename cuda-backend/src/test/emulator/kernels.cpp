// The kernels for the host.
#define HEED_EMULATED
#include "heed.cu"
