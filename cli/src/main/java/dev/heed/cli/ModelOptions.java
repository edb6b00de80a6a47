package dev.heed.cli;

import dev.heed.LoadOptions;
import dev.heed.device.ComputeTypes;
import dev.heed.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Which model, and how it computes. */
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

  @Option(
      names = "--compute",
      paramLabel = "TYPE",
      converter = ComputeType.class,
      description =
          "Compute in f32, f16 or bf16, caches included; or in q8_0: f32, but products with weights"
              + " of block types (Q4_0, Q4_K..) read activations rounded to 8 bits, those of F16 and"
              + " BF16 on most CPUs to 14 bits, which is faster and less exact. Default: bf16 or f16"
              + " on a GPU that has it, else f32. T5 overflows f16, which it only gets when it is"
              + " asked for.")
  private DType compute;

  private static final class ComputeType implements ITypeConverter<DType> {
    @Override
    public DType convert(String name) {
      try {
        return ComputeTypes.named(name);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** The path given. */
  Path required() {
    if (model == null) {
      throw Usage.error(spec, "which model? give --model PATH");
    }
    return existing(model);
  }

  /** The path, if one is given. */
  Optional<Path> given() {
    return Optional.ofNullable(model).map(ModelOptions::existing);
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
  <T> T loading(Io io, int context, Function<LoadOptions, T> load) {
    try (Progress bar = new Progress(io, "loading", " MiB", MIB)) {
      LoadOptions options = LoadOptions.defaults().context(context).progress(bar::at);
      return load.apply(compute == null ? options : options.compute(compute));
    }
  }
}
