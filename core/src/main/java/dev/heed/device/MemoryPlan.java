package dev.heed.device;

/**
 * What a model will take on a device, known before anything is allocated.
 *
 * @param weights bytes of packed weights
 * @param state bytes of the key-value cache and other state
 * @param workspace bytes of activations and kernel scratch
 */
public record MemoryPlan(long weights, long state, long workspace) {
  /** All together. */
  public long total() {
    return weights + state + workspace;
  }

  /**
   * Makes sure that it fits.
   *
   * @throws DeviceException.OutOfMemory with the plan, if it does not
   */
  public void requireFits(String what, DeviceInfo device) {
    if (total() > device.memoryBytes()) {
      throw new DeviceException.OutOfMemory(
          "%s needs %s on %s, which has %s: %s; use a smaller or more quantised model, or a shorter context"
              .formatted(what, mib(total()), device.id(), mib(device.memoryBytes()), this));
    }
  }

  private static String mib(long bytes) {
    return "%,d MiB".formatted((bytes + (1 << 20) - 1) >> 20);
  }

  /**
   * As in messages: {@code weights 2,100 MiB, key-value cache and state 88 MiB, workspace 40 MiB}.
   */
  @Override
  public String toString() {
    return "weights %s, key-value cache and state %s, workspace %s"
        .formatted(mib(weights), mib(state), mib(workspace));
  }
}
