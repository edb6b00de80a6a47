package dev.heed.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A group of commands, which only says what is in it. */
@Command(
    name = "bench",
    description = "Measures a model, or a single op, on a device; compares devices.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Examples:",
      "  heed bench model --model model.gguf --prompt-tokens 256 --new-tokens 32",
      "  heed bench compare --model model.gguf --output report.html",
      "  heed bench op matmul --m 1024 --n 1024 --k 1024 --dtype f32 --device cpu --json"
    })
final class BenchCommand implements Callable<Integer> {
  private final Io io;

  @Spec private CommandSpec spec;

  BenchCommand(Io io) {
    this.io = io;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(io.err());
    return Main.USAGE;
  }

  /** The ops that can be measured. */
  @Command(
      name = "op",
      description = "Measures a single op: the median of many runs, synchronised after each.",
      synopsisSubcommandLabel = "OP",
      footer = {
        "",
        "Examples:",
        "  heed bench op matmul --m 1 --n 4096 --k 4096 --dtype q4_k",
        "  heed bench op attention --queries 512 --keys 512 --heads 32 --kv-heads 4 --causal"
      })
  static final class Op implements Callable<Integer> {
    private final Io io;

    @Spec private CommandSpec spec;

    Op(Io io) {
      this.io = io;
    }

    @Override
    public Integer call() {
      spec.commandLine().usage(io.err());
      return Main.USAGE;
    }
  }
}
