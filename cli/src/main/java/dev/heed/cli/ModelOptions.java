package dev.heed.cli;

import dev.heed.LoadOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Which model. */
final class ModelOptions {
  /** The launcher's word on where Heed lies. */
  private static final String HOME = "heed.home";

  private static final long MIB = 1 << 20;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "PATH",
      description =
          "A Hugging Face folder (config.json, *.safetensors, tokenizer.json) or a .gguf file; of a"
              + " split one the first part.")
  private Path model;

  /** The path given. */
  Path required() {
    if (model == null) {
      throw Usage.error(spec, "which model? give --model PATH");
    }
    return existing(model);
  }

  /** The path given, else the small model of this name that comes with Heed. */
  Path orBundled(String name) {
    if (model != null) {
      return existing(model);
    }
    String home = System.getProperty(HOME);
    Path bundled = Path.of(home == null ? "." : home, "cli", "models", name);
    if (!Files.isRegularFile(bundled.resolve("config.json"))) {
      throw Usage.error(spec, "there is no model in " + bundled + ": give --model PATH");
    }
    return bundled;
  }

  private static Path existing(Path path) {
    if (!Files.exists(path)) {
      throw new CommandFailure(path + ": no such file or folder; --model wants one");
    }
    return path;
  }

  /** Loads with {@code load}, showing progress. */
  static <T> T loading(Io io, int context, Function<LoadOptions, T> load) {
    try (Progress bar = new Progress(io, "loading", " MiB", MIB)) {
      return load.apply(LoadOptions.defaults().context(context).progress(bar::at));
    }
  }
}
