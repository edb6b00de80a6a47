package dev.heed.cuda;

import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/**
 * Memory of a GPU.
 *
 * @param handle of size 0, at the device's address; its scope is the lifetime
 */
record CudaBuffer(Device device, long byteSize, MemorySegment handle) implements DeviceBuffer {}
