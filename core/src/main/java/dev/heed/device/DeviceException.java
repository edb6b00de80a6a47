package dev.heed.device;

/** A failure of a device; the message is one line: what, where, what to do. */
public sealed class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private DeviceException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The device asked for is not there or cannot be opened. */
  public static final class Unavailable extends DeviceException {
    private static final long serialVersionUID = 1L;

    public Unavailable(String message) {
      super(message, null);
    }

    public Unavailable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Not enough memory; the message says how much was asked and how much is free. */
  public static final class OutOfMemory extends DeviceException {
    private static final long serialVersionUID = 1L;

    public OutOfMemory(String message) {
      super(message, null);
    }
  }

  /** A kernel did not build; the message names the file, the cause has the compiler's log. */
  public static final class KernelBuild extends DeviceException {
    private static final long serialVersionUID = 1L;

    public KernelBuild(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Neither the device nor a lowering has this op in this form. */
  public static final class Unsupported extends DeviceException {
    private static final long serialVersionUID = 1L;

    public Unsupported(String message) {
      super(message, null);
    }
  }

  /** The device failed and everything on it is lost. */
  public static final class Lost extends DeviceException {
    private static final long serialVersionUID = 1L;

    public Lost(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
