package dev.heed.cli;

import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Checks of arguments; what fails here ends with exit code 2. */
final class Usage {
  private Usage() {}

  /** A usage error of the command. */
  static ParameterException error(CommandSpec spec, String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** Makes sure that an option's number is large enough. */
  static void atLeast(CommandSpec spec, String option, double value, double least) {
    if (!(value >= least)) {
      throw error(spec, option + " " + plain(value) + ": want at least " + plain(least));
    }
  }

  /** Makes a value out of options; one that is out of range is a usage error. */
  static <T> T of(CommandSpec spec, Supplier<T> make) {
    try {
      return make.get();
    } catch (IllegalArgumentException e) {
      throw error(spec, e.getMessage());
    } catch (ArithmeticException e) {
      throw error(spec, "a size is too large: " + e.getMessage());
    }
  }

  private static String plain(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }
}
