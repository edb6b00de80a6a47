package dev.heed.opencl;

import dev.heed.kernels.Kernels;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Pattern;

/**
 * Values to begin with for a kind of device, from {@code kernels/tuning/NAME.properties}.
 *
 * @param name of the file
 * @param type cpu or gpu
 * @param vendor found in the vendor's name, in any case
 * @param device found in the device's name, in any case
 * @param values of some tunables
 */
record Priors(
    String name, String type, Pattern vendor, Pattern device, Map<Tunable, Integer> values) {

  /** The files; the first that matches a device is its. */
  static final List<String> NAMES =
      List.of("amd-rdna", "intel-arc", "intel-xe", "nvidia", "cpu-amd", "cpu");

  /** The priors of a device, if any are of its kind. */
  static Optional<Priors> of(ClDevice device) {
    return NAMES.stream().map(Priors::read).filter(p -> p.match(device)).findFirst();
  }

  private boolean match(ClDevice candidate) {
    return type.equals(candidate.isCpu() ? "cpu" : "gpu")
        && vendor.matcher(candidate.vendor()).find()
        && device.matcher(candidate.name()).find();
  }

  /** Reads one file of the kernels module. */
  static Priors read(String name) {
    Properties lines = new Properties();
    try (Reader in =
        new InputStreamReader(
            Kernels.open("tuning/" + name + ".properties"), StandardCharsets.UTF_8)) {
      lines.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String type = (String) lines.remove("type");
    Pattern vendor = pattern((String) lines.remove("vendor"));
    Pattern device = pattern((String) lines.remove("device"));
    return new Priors(name, type, vendor, device, Tunable.parse(lines));
  }

  private static Pattern pattern(String text) {
    return Pattern.compile(text, Pattern.CASE_INSENSITIVE);
  }
}
