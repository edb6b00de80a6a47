package dev.heed.cli;

import dev.heed.device.Device;
import dev.heed.device.Devices;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which device, and how much of it. */
final class DeviceOptions {
  private static final String THREADS = "heed.cpu.threads";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-d", "--device"},
      paramLabel = "ID",
      description = "Such as cpu, cuda or opencl:1; 'heed devices' lists them. Default: the best.")
  private String device;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads of the cpu device. Default: all cores.")
  private Integer threads;

  /**
   * Opens it; shows a person how far it is, when it builds its kernels.
   *
   * @throws ParameterException if the options make no sense
   * @throws dev.heed.device.DeviceException.Unavailable if it is not there
   */
  Device open(Io io) {
    Device opened = open();
    opened.onBuild(new BuildProgress(io));
    return opened;
  }

  private Device open() {
    if (threads == null) {
      return choose();
    }
    Usage.atLeast(spec, "--threads", threads, 1);
    String before = System.getProperty(THREADS);
    System.setProperty(THREADS, threads.toString());
    try {
      return choose();
    } finally {
      if (before == null) {
        System.clearProperty(THREADS);
      } else {
        System.setProperty(THREADS, before);
      }
    }
  }

  private Device choose() {
    return device == null ? Devices.best() : open(spec, "--device", device);
  }

  /**
   * Opens a device by its id.
   *
   * @param option that named it
   * @throws ParameterException if it is none
   * @throws dev.heed.device.DeviceException.Unavailable if the device is not there
   */
  static Device open(CommandSpec spec, String option, String id) {
    if (!id.matches("[a-z][a-z0-9_-]*(:[0-9]{1,4})?")) {
      throw Usage.error(spec, option + " '" + id + "': want an id such as cpu, cuda or opencl:1");
    }
    return Devices.open(id);
  }
}
