package dev.heed.tck;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Golden values of other people's software, which live outside the project: the folder that {@code
 * heed.shared} names, else {@code shared} beside the repository. Tests that need an absent file are
 * skipped.
 */
public final class Shared {
  private Shared() {}

  /** The folder, where there is one. */
  public static Optional<Path> folder() {
    String named = System.getProperty("heed.shared");
    Path folder = named != null ? Path.of(named) : repository().resolveSibling("shared");
    return Optional.of(folder.toAbsolutePath().normalize()).filter(Files::isDirectory);
  }

  /** The file or folder at {@code relative}; where it is absent the calling test is skipped. */
  public static Path require(String relative) {
    Optional<Path> path = folder().map(f -> f.resolve(relative)).filter(Files::exists);
    assumeTrue(path.isPresent(), () -> "needs shared/" + relative + " (-Dheed.shared=DIR)");
    return path.orElseThrow();
  }

  /** The nearest folder upwards that holds {@code .git}, else the working directory. */
  private static Path repository() {
    Path here = Path.of("").toAbsolutePath();
    for (Path p = here; p != null; p = p.getParent()) {
      if (Files.exists(p.resolve(".git"))) {
        return p;
      }
    }
    return here;
  }
}
