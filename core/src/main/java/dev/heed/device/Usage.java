package dev.heed.device;

/** What a buffer is for, so that a device can place it well. */
public enum Usage {
  /** Written once, read by every step. */
  WEIGHTS,
  /** Lives across steps: KV pages, positions, random state. */
  STATE,
  /** Scratch of one step. */
  WORKSPACE,
  /** The host's end of a transfer. */
  STAGING
}
