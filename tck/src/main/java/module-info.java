/**
 * The conformance suite for devices: extend {@link dev.heed.tck.DeviceConformanceTest} and run it
 * with JUnit.
 */
module dev.heed.tck {
  requires transitive dev.heed.core;
  requires transitive org.junit.jupiter.api;
  requires com.fasterxml.jackson.databind;

  exports dev.heed.tck;

  opens dev.heed.tck;
}
