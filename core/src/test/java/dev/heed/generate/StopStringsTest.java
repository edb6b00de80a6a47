package dev.heed.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class StopStringsTest {
  @Test
  void holdsBackWhatMayBeginAStop() {
    StopStrings stops = new StopStrings(List.of("END"));
    assertEquals("a ", stops.accept("a E"));
    assertEquals("", stops.accept("N"));
    assertEquals("ENx", stops.accept("x"));
    assertFalse(stops.found());
  }

  @Test
  void endsBeforeTheFirstStop() {
    StopStrings stops = new StopStrings(List.of("three", "two"));
    assertEquals("one ", stops.accept("one t"));
    assertEquals("", stops.accept("wo three"));
    assertTrue(stops.found());
    assertEquals("", stops.accept("more"));
    assertEquals("", stops.finish());
  }

  @Test
  void givesTheRestAtTheEnd() {
    StopStrings stops = new StopStrings(List.of("\n\n"));
    assertEquals("a", stops.accept("a\n"));
    assertEquals("\n", stops.finish());
  }
}
