package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The JVM keeps the signals it lives on, whatever a driver does. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class SignalHandlersTest {
  private static final int SIGQUIT = 3;
  private static final long SIG_IGN = 1;

  private static int quotient(int a, int b) {
    return a / b;
  }

  private static long handler(int signal) {
    try (Arena arena = Arena.ofConfined()) {
      return SignalHandlers.read(signal, arena).get(ValueLayout.JAVA_LONG, 0);
    }
  }

  private static void ignore(int signal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment action = SignalHandlers.read(signal, arena);
      action.set(ValueLayout.JAVA_LONG, 0, SIG_IGN);
      SignalHandlers.write(signal, action);
    }
  }

  /** PoCL's handler of SIGFPE would step over the division, as C2 compiles it, and give 5. */
  @Test
  void divisionByZeroThrowsWithADeviceOpen() {
    try (OpenClDevice device = Drivers.open(Options.fromProperties())) {
      int sum = 0;
      for (int i = 1; i < 200_000; i++) {
        sum += quotient(sum, i);
      }
      int five = sum + 5;
      assertThrows(ArithmeticException.class, () -> quotient(five, 0), device::toString);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX) // reads /proc
  void handlersAreTheJvmsWithADeviceOpen() throws IOException {
    OpenClDevice device = Drivers.open(Options.fromProperties());
    device.close();
    for (int signal : SignalHandlers.SIGNALS) {
      String library = library(handler(signal));
      assertTrue(library.matches(".*/libj(vm|sig)\\.so"), signal + " goes to " + library);
    }
  }

  /** The file that is mapped at an address. */
  private static String library(long address) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
      String[] words = line.split("[- ]+", 3);
      if (Long.compareUnsigned(Long.parseUnsignedLong(words[0], 16), address) <= 0
          && Long.compareUnsigned(address, Long.parseUnsignedLong(words[1], 16)) < 0) {
        return line;
      }
    }
    return "nothing mapped";
  }

  @Test
  void whatACallChangesIsPutBack() {
    long before = handler(SIGQUIT);
    assertNotEquals(SIG_IGN, before);
    long within =
        SignalHandlers.kept(
            () -> {
              ignore(SIGQUIT);
              return handler(SIGQUIT);
            });
    assertEquals(SIG_IGN, within);
    assertEquals(before, handler(SIGQUIT));
  }

  @Test
  void ofCallsThatOverlapTheFirstOnesHandlersStay() {
    long before = handler(SIGQUIT);
    SignalHandlers.kept(
        () -> {
          ignore(SIGQUIT);
          return SignalHandlers.kept(() -> handler(SIGQUIT));
        });
    assertEquals(before, handler(SIGQUIT));
  }

  @Test
  void handlersArePutBackAfterAFailure() {
    long before = handler(SIGQUIT);
    assertThrows(
        IllegalStateException.class,
        () ->
            SignalHandlers.kept(
                () -> {
                  ignore(SIGQUIT);
                  throw new IllegalStateException("of the driver");
                }));
    assertEquals(before, handler(SIGQUIT));
  }
}
