package dev.heed;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** Folders of test resources as folders of the file system, also where the tests come in a jar. */
public final class TestFolder {
  private static final Map<URI, Path> COPIES = new ConcurrentHashMap<>();

  private TestFolder() {}

  /**
   * The folder of a resource.
   *
   * @param file a file in it, relative to the package of {@code beside}
   */
  public static Path of(Class<?> beside, String file) throws IOException, URISyntaxException {
    URI uri = beside.getResource(file).toURI();
    if (!uri.getScheme().equals("jar")) {
      return Path.of(uri).getParent();
    }
    Path copy = COPIES.get(uri);
    if (copy == null) {
      try (FileSystem jar = FileSystems.newFileSystem(uri, Map.of())) {
        copy = copied(jar.provider().getPath(uri).getParent());
      }
      COPIES.put(uri, copy);
    }
    return copy;
  }

  private static Path copied(Path folder) throws IOException {
    Path to = Files.createTempDirectory("heed-test");
    to.toFile().deleteOnExit();
    List<Path> files;
    try (Stream<Path> inside = Files.list(folder)) {
      files = inside.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      Path copy = to.resolve(file.getFileName().toString());
      Files.copy(file, copy);
      copy.toFile().deleteOnExit();
    }
    return to;
  }
}
