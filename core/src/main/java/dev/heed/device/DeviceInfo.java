package dev.heed.device;

import dev.heed.tensor.DType;
import java.util.Set;

/**
 * What a provider says of a device before it is opened.
 *
 * @param provider the provider's name: {@code cpu}, {@code opencl}, {@code cuda}
 * @param index among the provider's devices, from 0
 * @param name as the driver calls it
 * @param kind GPU or CPU
 * @param memoryBytes memory of the device (of the host, where it shares the host's)
 * @param maxAllocationBytes the largest single buffer
 * @param computeTypes types the device calculates in; F32 always; Q8_0 if it casts to it
 * @param driver platform and driver version, for reports
 * @param vectorBits of a CPU: the width of the F32 vectors its kernels calculate in, 32 for none; 0
 *     of others
 * @param tuning where the numbers in its kernels are from, such as {@code heed tune}; empty where
 *     there are none to choose
 */
public record DeviceInfo(
    String provider,
    int index,
    String name,
    Kind kind,
    long memoryBytes,
    long maxAllocationBytes,
    Set<DType> computeTypes,
    String driver,
    int vectorBits,
    String tuning) {

  /** GPU or CPU. */
  public enum Kind {
    GPU,
    CPU
  }

  public DeviceInfo {
    computeTypes = Set.copyOf(computeTypes);
  }

  /** A device of which no vectors are known, and which has no numbers to choose. */
  public DeviceInfo(
      String provider,
      int index,
      String name,
      Kind kind,
      long memoryBytes,
      long maxAllocationBytes,
      Set<DType> computeTypes,
      String driver) {
    this(provider, index, name, kind, memoryBytes, maxAllocationBytes, computeTypes, driver, 0, "");
  }

  /** The name users choose by: {@code cpu}, {@code opencl:1}, {@code cuda:0}. */
  public String id() {
    return provider.equals("cpu") ? provider : provider + ":" + index;
  }
}
