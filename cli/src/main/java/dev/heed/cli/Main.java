package dev.heed.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * The command line's entry. Exit codes: 0 success, 1 failure, 2 usage, 130 interrupted. A failure
 * is one line on stderr; {@code HEED_DEBUG=1} adds the stack trace.
 */
public final class Main {
  /** Exit code for arguments that make no sense. */
  static final int USAGE = 2;

  /** Exit code for anything that failed. */
  static final int FAILURE = 1;

  /** The launcher's word on whether a person watches stderr. */
  private static final String TERMINAL = "heed.terminal";

  private Main() {}

  /** Runs a command and ends the JVM with its exit code. */
  public static void main(String[] args) {
    StandardError.restore();
    Interrupt.install();
    int code =
        run(
            args,
            new FileInputStream(FileDescriptor.in),
            new FileOutputStream(FileDescriptor.out),
            new FileOutputStream(FileDescriptor.err),
            Boolean.getBoolean(TERMINAL));
    Interrupt.finished();
    System.exit(code);
  }

  /** Runs a command in this process and gives its exit code. */
  static int run(
      String[] args, InputStream in, OutputStream out, OutputStream err, boolean terminal) {
    Io io = Io.of(in, out, err, terminal);
    CommandLine line = HeedCommand.line(io);
    line.setParameterExceptionHandler((e, given) -> usage(e, io));
    line.setExecutionExceptionHandler((e, command, result) -> failure(e, io));
    int code;
    try {
      code = line.execute(args);
    } catch (Error e) {
      code = failure(e, io);
    }
    io.out().flush();
    return code;
  }

  private static int usage(ParameterException e, Io io) {
    String name = e.getCommandLine().getCommandSpec().qualifiedName();
    io.out().flush();
    io.err()
        .println(
            name
                + ": "
                + Failures.line(new CommandFailure(e.getMessage()))
                + "; see "
                + name
                + " --help");
    return USAGE;
  }

  private static int failure(Throwable e, Io io) {
    io.out().flush();
    io.err().println("heed: " + Failures.line(e));
    if ("1".equals(System.getenv("HEED_DEBUG"))) {
      e.printStackTrace(io.err());
    }
    return FAILURE;
  }
}
