package dev.heed.cli;

import dev.heed.device.Device;

/** Shows how many of a device's kernel programs are built: a while, the first time, never again. */
final class BuildProgress implements Device.BuildListener {
  private final Io io;
  private Progress bar;
  private int most;

  BuildProgress(Io io) {
    this.io = io;
    bar = bar();
  }

  private Progress bar() {
    return new Progress(io, "building kernels", " programs", 1);
  }

  @Override
  public synchronized void built(int done, int all) {
    most = Math.max(most, done);
    bar.at(most, all);
    if (most == all) {
      bar.close();
      bar = bar();
      most = 0;
    }
  }
}
