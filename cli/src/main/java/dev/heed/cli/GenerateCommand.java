package dev.heed.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.heed.CausalLm;
import dev.heed.Generation;
import dev.heed.Generation.Stop;
import dev.heed.Sampling;
import dev.heed.device.ComputeTypes;
import dev.heed.device.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Continues a text, and shows it as it comes. */
@Command(
    name = "generate",
    description = "Continues a text. Without --model: the small model of stories that comes along.",
    footer = {
      "",
      "Examples:",
      "  heed generate \"Once upon a time\"",
      "  heed generate --model model.gguf --temperature 0 --max-tokens 64 \"The capital of France is\"",
      "  heed generate --model Qwen3-0.6B --stop \"\\n\\n\" --json - < prompt.txt"
    })
final class GenerateCommand implements Callable<Integer> {
  private final Io io;

  @Spec private CommandSpec spec;
  @Mixin private ModelOptions model;
  @Mixin private DeviceOptions device;
  @Mixin private SamplingOptions sampling;

  @Parameters(
      arity = "0..1",
      paramLabel = "PROMPT",
      description = "The text to continue; - reads it from standard input.")
  private String positional;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "PROMPT",
      description = "The same as an option; may be empty.")
  private String option;

  @Option(
      names = "--tokens",
      split = ",",
      paramLabel = "ID",
      description =
          "The prompt as ids, also for a model without a tokenizer, which answers in ids.")
  private int[] tokens;

  @Option(
      names = {"-c", "--context"},
      paramLabel = "N",
      description = "Tokens to make room for. Default: the model's own, at most 4096.")
  private Integer context;

  @Option(names = "--no-echo", description = "Write the new text only, without the prompt.")
  private boolean noEcho;

  @Option(names = "--json", description = "Write one JSON object at the end.")
  private boolean json;

  private String echo = "";

  GenerateCommand(Io io) {
    this.io = io;
  }

  @Override
  public Integer call() throws IOException {
    Sampling how = sampling.get();
    if (context != null) {
      Usage.atLeast(spec, "--context", context, 1);
    }
    String prompt = prompt();
    echo = noEcho || tokens != null ? "" : prompt;
    Path path = model.orBundled("stories");
    try (Device on = device.open(io);
        CausalLm lm =
            model.loading(
                io, context == null ? 0 : context, load -> CausalLm.load(path, on, load))) {
      int[] ids = tokens != null ? tokens : lm.encode(prompt);
      Generation text = lm.generate(ids, how, token -> stream(token.text()), this::ended);
      if (json) {
        io.out().println(Json.object(g -> write(g, text, how, lm, on)));
      } else {
        stream((text.text().isEmpty() ? ids(text.tokens()) : "") + "\n");
        io.note(summary(text, on));
      }
      return text.stop() == Stop.CANCELLED && Interrupt.asked() ? Interrupt.CODE : 0;
    }
  }

  private String prompt() throws IOException {
    long given = Stream.of(positional, option, tokens).filter(Objects::nonNull).count();
    if (given > 1) {
      throw Usage.error(spec, "two prompts: give one, as an argument, with --prompt or --tokens");
    }
    if (given == 0) {
      throw Usage.error(spec, "no prompt: give a text, or - to read it from standard input");
    }
    String text = positional == null ? option : positional;
    return "-".equals(text) ? Texts.all(io.in(), "standard input") : text;
  }

  private String ids(int[] written) {
    return tokens == null
        ? ""
        : IntStream.of(written).mapToObj(Integer::toString).collect(Collectors.joining(","));
  }

  /** The prompt comes with the first text, when nothing can be wrong with it any more. */
  private void stream(String text) {
    if (!json) {
      io.out().print(echo + text);
      io.out().flush();
      echo = "";
    }
  }

  /** On Ctrl-C, and when nobody reads any more. */
  private boolean ended() {
    return Interrupt.asked() || io.out().checkError();
  }

  private static String summary(Generation text, Device device) {
    return String.format(
        Locale.ROOT,
        "[%d tokens, %.1f tokens/s on %s, %s]",
        text.tokens().length,
        text.decodeTokensPerSecond(),
        device.info().id(),
        reason(text.stop()));
  }

  private static String reason(Stop stop) {
    return switch (stop) {
      case END -> "the model ended the text";
      case STRING -> "ended at a stop string";
      case LENGTH -> "as many as asked for";
      case CONTEXT -> "the context is full";
      case CANCELLED -> "interrupted";
    };
  }

  private static void write(
      JsonGenerator json, Generation text, Sampling how, CausalLm lm, Device device)
      throws IOException {
    json.writeStringField("text", text.text());
    Json.ints(json, "tokens", text.tokens());
    Json.ints(json, "promptTokens", text.promptTokens());
    json.writeStringField("stop", text.stop().name().toLowerCase(Locale.ROOT));
    Json.measure(json, "prefillTokensPerSecond", text.prefillTokensPerSecond());
    Json.measure(json, "decodeTokensPerSecond", text.decodeTokensPerSecond());
    Json.measure(json, "loadSeconds", lm.loadSeconds());
    json.writeNumberField("seed", how.seed());
    json.writeStringField("device", device.info().id());
    json.writeStringField("compute", ComputeTypes.name(lm.compute()));
  }
}
