package dev.heed.cli;

import dev.heed.CausalLm;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Safetensors;
import dev.heed.device.ComputeTypes;
import dev.heed.device.Device;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes the logits of every position, for comparing with other software. */
@Command(
    name = "logits",
    description =
        "Writes the logits after each token: tensor \"logits\" [tokens, vocabulary], F32.",
    footer = {
      "",
      "Examples:",
      "  heed logits --model model.gguf --tokens 1,450,1996 --output out.safetensors",
      "  heed logits --model Llama-3.2-1B --prompt \"Hello\" --output out.safetensors --json"
    })
final class LogitsCommand implements Callable<Integer> {
  private final Io io;

  @Spec private CommandSpec spec;
  @Mixin private ModelOptions model;
  @Mixin private DeviceOptions device;

  @Option(names = "--tokens", split = ",", paramLabel = "ID", description = "The tokens' ids.")
  private int[] tokens;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "A text in place of --tokens.")
  private String prompt;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "The safetensors file to write.")
  private Path output;

  @Option(names = "--json", description = "Write what was done as one JSON object.")
  private boolean json;

  LogitsCommand(Io io) {
    this.io = io;
  }

  @Override
  public Integer call() throws IOException {
    if ((tokens == null) == (prompt == null)) {
      throw Usage.error(spec, "give either --tokens or --prompt");
    }
    Path path = model.required();
    OutputFile.requireWritable(output);
    int context = tokens == null ? 0 : tokens.length;
    try (Device on = device.open(io);
        CausalLm lm = model.loading(io, context, load -> CausalLm.load(path, on, load));
        Arena arena = Arena.ofShared()) {
      int[] ids = tokens == null ? lm.encode(prompt) : tokens;
      MemorySegment logits = lm.logits(ids, arena);
      String compute = ComputeTypes.name(lm.compute());
      Shape shape = Shape.of(ids.length, lm.vocabularySize());
      Safetensors.write(
          output,
          Map.of("logits", new CheckpointTensor("logits", DType.F32, shape, logits)),
          Map.of("model", path.toString(), "device", on.info().id(), "compute", compute));
      report(shape, on, compute);
    }
    return 0;
  }

  private void report(Shape shape, Device on, String compute) throws IOException {
    if (json) {
      io.out()
          .println(
              Json.object(
                  g -> {
                    g.writeStringField("output", output.toString());
                    g.writeNumberField("tokens", shape.dim(0));
                    g.writeNumberField("vocabulary", shape.dim(1));
                    g.writeStringField("device", on.info().id());
                    g.writeStringField("compute", compute);
                  }));
    } else {
      io.note("[logits " + shape + " on " + on.info().id() + ", " + output + "]");
    }
  }
}
