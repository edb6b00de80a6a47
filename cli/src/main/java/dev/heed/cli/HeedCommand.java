package dev.heed.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The root: only says which commands there are. */
@Command(
    name = "heed",
    description = "Runs Transformer models on whatever device this machine has.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Examples:",
      "  heed generate \"Once upon a time\"",
      "  heed generate --model model.gguf --temperature 0 \"The capital of France is\"",
      "  heed embed --model all-MiniLM-L6-v2 --json \"river bank\" \"savings bank\"",
      "  heed translate \"the third of May, 2009\"",
      "  heed attention \"Once upon a time there was a little fox.\"",
      "  heed devices",
      "",
      "Exit codes: 0 success, 1 failure, 2 wrong usage. HEED_DEBUG=1 shows stack traces,",
      "HEED_DEVICE=cpu chooses a device, HEED_JAVA_OPTS=-Xmx8g adds options of the JVM."
    })
final class HeedCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  private final Io io;

  private HeedCommand(Io io) {
    this.io = io;
  }

  /** All commands, bound to {@code io}. */
  static CommandLine line(Io io) {
    CommandLine line = new CommandLine(new HeedCommand(io));
    line.addSubcommand(new GenerateCommand(io));
    line.addSubcommand(new EmbedCommand(io));
    line.addSubcommand(new TranslateCommand(io));
    line.addSubcommand(new AttentionCommand(io));
    line.addSubcommand(new LogitsCommand(io));
    line.addSubcommand(new DevicesCommand(io));
    line.addSubcommand(bench(io));
    line.addSubcommand(new TuneCommand(io));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setUsageHelpWidth(100);
    line.setUsageHelpLongOptionsMaxWidth(30);
    standardOptions(line);
    line.setOut(new java.io.PrintWriter(io.out(), true));
    line.setErr(new java.io.PrintWriter(io.err(), true));
    return line;
  }

  private static CommandLine bench(Io io) {
    CommandLine op = new CommandLine(new BenchCommand.Op(io));
    OpBenchmarks.all(io).forEach(op::addSubcommand);
    CommandLine bench = new CommandLine(new BenchCommand(io));
    return bench
        .addSubcommand(new BenchModelCommand(io))
        .addSubcommand(new BenchCompareCommand(io))
        .addSubcommand(op);
  }

  private static void standardOptions(CommandLine line) {
    line.getCommandSpec().mixinStandardHelpOptions(true);
    line.getCommandSpec().versionProvider(() -> new String[] {"heed " + Version.text()});
    line.getSubcommands().values().forEach(HeedCommand::standardOptions);
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(io.err());
    return Main.USAGE;
  }
}
