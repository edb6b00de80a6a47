package dev.heed.opencl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The value of every {@link Tunable}: immutable, and fixed for a device when it opens. */
final class Tuning {
  private final int[] values;
  private final String origin;

  private Tuning(int[] values, String origin) {
    this.values = values;
    this.origin = origin;
  }

  /** What is used where nothing is known of a device. */
  static Tuning defaults() {
    return new Tuning(
        Arrays.stream(Tunable.values()).mapToInt(Tunable::standard).toArray(), "defaults");
  }

  /**
   * The tuning a device opens with: {@code heed.opencl.tuning}, over what {@code heed tune} stored
   * for this device, over the priors of its kind, over the defaults.
   *
   * @throws IllegalArgumentException if the property names no tunable or no legal value
   */
  static Tuning of(ClDevice device, Options options) {
    Family family = options.familyOf(device);
    Tuning tuning = defaults();
    Optional<Priors> priors = Priors.of(device);
    if (priors.isPresent()) {
      tuning = tuning.with(priors.get().values(), "priors of " + priors.get().name());
    }
    Optional<TuningFile> file = options.cache().map(c -> new TuningFile(c, device, family));
    Optional<Map<Tunable, Integer>> stored = file.flatMap(TuningFile::read);
    if (stored.isPresent()) {
      tuning = tuning.with(stored.get(), "heed tune");
    }
    if (!options.tuning().isBlank()) {
      tuning = tuning.with(parse(options.tuning()), "heed.opencl.tuning");
    }
    return tuning.fitting(device, family);
  }

  private static Map<Tunable, Integer> parse(String text) {
    Map<Tunable, Integer> values = new EnumMap<>(Tunable.class);
    for (String one : text.split(",")) {
      String[] sides = one.strip().split("=", 2);
      Tunable tunable = Tunable.of(sides[0].strip());
      values.put(tunable, tunable.parse(sides.length == 1 ? "" : sides[1].strip()));
    }
    return values;
  }

  int get(Tunable tunable) {
    return values[tunable.ordinal()];
  }

  /** Where the values are from, for people: {@code heed tune}, {@code priors of cpu}. */
  String origin() {
    return origin;
  }

  /** With other values for some. */
  Tuning with(Map<Tunable, Integer> some, String newOrigin) {
    int[] changed = values.clone();
    some.forEach((tunable, value) -> changed[tunable.ordinal()] = value);
    return new Tuning(changed, newOrigin);
  }

  /** The values of a group. */
  Map<Tunable, Integer> of(Tunable.Group group) {
    Map<Tunable, Integer> some = new EnumMap<>(Tunable.class);
    group.tunables().forEach(t -> some.put(t, get(t)));
    return some;
  }

  /** Groups whose values are more than the device can do get the first values that it can. */
  Tuning fitting(ClDevice device, Family family) {
    Tuning fitting = this;
    for (Tunable.Group group : Tunable.Group.values()) {
      if (group.has(family) && !group.fits(this, device)) {
        Tuning wanted = fitting;
        fitting =
            combinations(group).stream()
                .map(c -> wanted.with(c, origin))
                .filter(t -> group.fits(t, device))
                .findFirst()
                .orElse(wanted);
      }
    }
    return fitting;
  }

  /** All legal values of a group's tunables, whether they go together or not. */
  static List<Map<Tunable, Integer>> combinations(Tunable.Group group) {
    List<Map<Tunable, Integer>> all = List.of(Map.of());
    for (Tunable tunable : group.tunables()) {
      List<Map<Tunable, Integer>> longer = new ArrayList<>();
      for (Map<Tunable, Integer> some : all) {
        for (int value : tunable.legal()) {
          Map<Tunable, Integer> more = new EnumMap<>(Tunable.class);
          more.putAll(some);
          more.put(tunable, value);
          longer.add(more);
        }
      }
      all = longer;
    }
    return all;
  }

  /** Options for a kernel's build, with a space before each; macros of its entry are not set. */
  String defines(Entry entry, Family family) {
    StringBuilder text = new StringBuilder();
    Set<String> given = entry.macroNames();
    for (Tunable t : Tunable.values()) {
      if (t.group().has(family)
          && t.group().files().contains(entry.file())
          && t.isMacro()
          && !given.contains(t.macro())) {
        text.append(" -D").append(t.macro()).append('=').append(get(t));
      }
    }
    return text.toString();
  }
}
