package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs in JVMs of their own: of modules, and on the class path. */
class ModulePathTest {
  private static final String[] GENERATE = {
    "generate", "--device", "cpu", "--temperature", "0", "--max-tokens", "4", "Once upon a time"
  };

  /** The modules that call native code. */
  private static final String NATIVE =
      "--enable-native-access=dev.heed.core,dev.heed.opencl,dev.heed.cuda,ai.djl.tokenizers,jocl,jcuda";

  /** What the bundled model begins its story with. */
  private static final String STORY = "Once upon a time, there was ";

  @TempDir Path folder;

  /** The jars and folders of the tests that are no tests. */
  private static String path() {
    return Stream.of("java.class.path", "jdk.module.path")
        .flatMap(p -> Stream.of(System.getProperty(p, "").split(File.pathSeparator)))
        .filter(entry -> !entry.isEmpty() && !entry.matches(".*test-classes/?"))
        .distinct()
        .collect(Collectors.joining(File.pathSeparator));
  }

  private String run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "--add-modules", "jdk.incubator.vector"));
    command.add("-Dheed.home=" + Path.of("..").toAbsolutePath().normalize());
    command.addAll(List.of(arguments));
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    boolean ended = process.waitFor(5, TimeUnit.MINUTES);
    process.destroyForcibly();
    String said = Files.readString(err, StandardCharsets.UTF_8);
    assertTrue(ended, said);
    assertEquals(0, process.exitValue(), said);
    assertFalse(said.contains("restricted method"), said);
    return Files.readString(out, StandardCharsets.UTF_8);
  }

  private static String[] with(List<String> options, String... arguments) {
    return Stream.concat(options.stream(), Stream.of(arguments)).toArray(String[]::new);
  }

  @Test
  void theCommandLineOnTheClassPath() throws Exception {
    List<String> options =
        List.of("--enable-native-access=ALL-UNNAMED", "-cp", path(), "dev.heed.cli.Main");
    String out = run(with(options, GENERATE));
    assertTrue(out.startsWith(STORY), out);
  }

  /** A driver takes time to load, and may do harm: only that of the device that is asked for is. */
  @Test
  void aNamedDeviceLoadsNoOtherDriver() throws Exception {
    Path log = folder.resolve("libraries.log");
    String logging = "-Xlog:library=info:file=" + log;
    run(
        with(
            List.of(logging, "--enable-native-access=ALL-UNNAMED", "-cp", path()),
            with(List.of("dev.heed.cli.Main"), GENERATE)));
    String libraries = Files.readString(log, StandardCharsets.UTF_8);
    assertTrue(libraries.contains("tokenizers"), libraries);
    assertFalse(libraries.contains("JOCL"), libraries);
  }

  /** Backends are found as modules that provide a service, whether or not they have a device. */
  @Test
  void theCommandLineAsModules() throws Exception {
    List<String> options =
        List.of(NATIVE, "-p", path(), "--module", "dev.heed.cli/dev.heed.cli.Main");
    String out = run(with(options, GENERATE));
    assertTrue(out.startsWith(STORY), out);
    String devices = run(with(options, "devices", "--json"));
    for (String provider : new String[] {"cpu", "opencl", "cuda"}) {
      assertTrue(devices.contains("\"" + provider), devices);
    }
  }

  /** A program that requires the engine alone. */
  @Test
  void aModularProgram() throws Exception {
    Files.writeString(
        folder.resolve("module-info.java"), "module story { requires dev.heed.core; }");
    Files.writeString(
        folder.resolve("Story.java"),
        """
        package story;
        import dev.heed.CausalLm;
        import dev.heed.Sampling;
        import dev.heed.device.Devices;
        import java.nio.file.Path;
        public class Story {
          public static void main(String[] args) {
            if (!Story.class.getModule().isNamed() || !CausalLm.class.getModule().isNamed()) {
              throw new IllegalStateException("not modules");
            }
            try (var device = Devices.open("cpu");
                var lm = CausalLm.load(Path.of(args[0]), device)) {
              Sampling greedy = Sampling.greedy().maxTokens(4);
              System.out.println(args[1] + lm.generate(args[1], greedy, t -> {}).text());
            }
          }
        }
        """);
    Path classes = folder.resolve("classes");
    StringWriter said = new StringWriter();
    PrintWriter out = new PrintWriter(said, true);
    ToolProvider.findFirst("javac")
        .orElseThrow()
        .run(
            out,
            out,
            "-d",
            classes.toString(),
            "-p",
            path(),
            folder.resolve("module-info.java").toString(),
            folder.resolve("Story.java").toString());
    String model = Path.of("models/stories").toAbsolutePath().toString();
    String text =
        run(
            NATIVE,
            "-p",
            classes + File.pathSeparator + path(),
            "--module",
            "story/story.Story",
            model,
            "Once upon a time");
    assertEquals("", said.toString().lines().filter(l -> l.contains("error")).findAny().orElse(""));
    assertTrue(text.startsWith(STORY), text);
  }
}
