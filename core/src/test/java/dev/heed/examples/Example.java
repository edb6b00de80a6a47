package dev.heed.examples;

import dev.heed.Shared;
import dev.heed.TextEncoder;
import dev.heed.device.Device;
import java.io.PrintStream;
import java.util.Locale;
import org.opentest4j.TestAbortedException;

/** A small program that shows one idea, and prints what it finds. */
abstract class Example {
  private PrintStream out;

  /** Prints what the example shows. */
  abstract void run();

  /** Runs to a stream; says so where real models are needed and not there. */
  final void run(PrintStream to) {
    out = to;
    run();
  }

  /** Runs to standard output. */
  static void main(Example example) {
    try {
      example.run(System.out);
    } catch (TestAbortedException e) {
      System.out.println(e.getMessage());
    }
  }

  final void print(String format, Object... values) {
    out.print(String.format(Locale.ROOT, format, values).stripTrailing() + "\n");
  }

  /** The sentence encoder all-MiniLM-L6-v2: 6 layers of 12 heads. */
  static TextEncoder miniLm(Device device) {
    return TextEncoder.load(Shared.require("models/all-MiniLM-L6-v2"), device);
  }

  /**
   * The cosine of the angle between two vectors: 1 for the same direction, 0 for unrelated ones.
   */
  static double cosine(float[] a, float[] b) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return dot / Math.sqrt(aa * bb);
  }
}
