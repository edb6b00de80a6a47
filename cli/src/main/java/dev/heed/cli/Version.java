package dev.heed.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** This build's version, which Maven writes into a resource. */
final class Version {
  private Version() {}

  /** As in the poms: {@code 0.1.0}. */
  static String text() {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException("version.properties", e);
    }
    return properties.getProperty("version");
  }
}
