package dev.heed.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.heed.EmbedOptions;
import dev.heed.TextEncoder;
import dev.heed.device.ComputeTypes;
import dev.heed.device.Device;
import dev.heed.op.PoolKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Turns texts into vectors. */
@Command(
    name = "embed",
    description = "Turns texts into vectors whose angles tell how alike the texts are.",
    footer = {
      "",
      "Examples:",
      "  heed embed --model all-MiniLM-L6-v2 --json \"river bank\" \"savings bank\"",
      "  heed embed --model all-MiniLM-L6-v2 --input texts.txt --output vectors.jsonl",
      "  heed embed --model e5-small-v2 --prefix \"query: \" \"how do I bake bread\"",
      "",
      "Each line of the output is {\"text\":..,\"vector\":[..]}."
    })
final class EmbedCommand implements Callable<Integer> {
  /** Lines that are sorted by length and computed together. */
  private static final int WINDOW = 4096;

  private final Io io;

  @Mixin private ModelOptions model;
  @Mixin private DeviceOptions device;
  @Mixin private TextOptions texts;

  @Option(
      names = "--pooling",
      description = "Instead of the model's own: ${COMPLETION-CANDIDATES}.")
  private PoolKind pooling;

  @Option(
      names = "--normalize",
      negatable = true,
      description = "Scale vectors to length 1, or not, whatever the model's files say.")
  private Boolean normalize;

  @Option(
      names = "--prefix",
      paramLabel = "TEXT",
      description = "Put before each text; E5 wants \"query: \" or \"passage: \".")
  private String prefix = "";

  @Option(names = "--no-truncate", description = "Fail on a text that is too long; do not cut it.")
  private boolean noTruncate;

  @Option(names = "--json", description = "Write one JSON object.")
  private boolean json;

  EmbedCommand(Io io) {
    this.io = io;
  }

  @Override
  public Integer call() throws IOException {
    texts.check();
    Path path = model.required();
    try (Device on = device.open(io);
        TextSource source = texts.open(io);
        TextEncoder encoder = model.loading(io, 0, load -> TextEncoder.load(path, on, load))) {
      if (texts.output() != null) {
        toFile(source, encoder);
      } else if (json) {
        io.out().println(Json.object(g -> write(g, source, encoder, on)));
      } else {
        each(source, encoder, line -> io.out().println(line));
      }
    }
    return 0;
  }

  /** Takes finished lines. */
  @FunctionalInterface
  private interface Sink {
    void line(String text) throws IOException;
  }

  private void toFile(TextSource source, TextEncoder encoder) throws IOException {
    long start = System.nanoTime();
    long count;
    try (OutputFile file = new OutputFile(texts.output())) {
      count = each(source, encoder, file::line);
      file.commit();
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    if (json) {
      io.out()
          .println(
              Json.object(
                  g -> {
                    g.writeStringField("output", texts.output().toString());
                    g.writeNumberField("texts", count);
                    g.writeNumberField("dimension", encoder.dimension());
                    Json.measure(g, "textsPerSecond", count / seconds);
                  }));
    } else {
      io.note(
          String.format(
              Locale.ROOT,
              "[%,d texts, %.1f texts/s, %s]",
              count,
              count / seconds,
              texts.output()));
    }
  }

  private long each(TextSource source, TextEncoder encoder, Sink sink) throws IOException {
    return all(
        source,
        encoder,
        (text, vector) ->
            sink.line(
                Json.object(
                    g -> {
                      g.writeStringField("text", text);
                      Json.floats(g, "vector", vector);
                    })));
  }

  private void write(JsonGenerator json, TextSource source, TextEncoder encoder, Device on)
      throws IOException {
    json.writeArrayFieldStart("embeddings");
    all(
        source,
        encoder,
        (text, vector) -> {
          json.writeStartObject();
          json.writeStringField("text", text);
          Json.floats(json, "vector", vector);
          json.writeEndObject();
        });
    json.writeEndArray();
    json.writeNumberField("dimension", encoder.dimension());
    json.writeStringField("device", on.info().id());
    json.writeStringField("compute", ComputeTypes.name(encoder.compute()));
  }

  /** Takes a text's vector. */
  @FunctionalInterface
  private interface Vectors {
    void accept(String text, float[] vector) throws IOException;
  }

  /** Embeds all texts, in their order, and gives their number. */
  private long all(TextSource source, TextEncoder encoder, Vectors to) throws IOException {
    EmbedOptions how = options();
    long total = texts.count();
    long done = 0;
    try (Progress bar = new Progress(io, "embedding", " texts", 1)) {
      for (List<String> some = source.next(WINDOW); !some.isEmpty(); some = source.next(WINDOW)) {
        long before = done;
        float[][] vectors =
            encoder.embed(
                some,
                how,
                n -> {
                  Interrupt.check();
                  bar.at(before + n, total);
                });
        for (int i = 0; i < vectors.length; i++) {
          to.accept(some.get(i), vectors[i]);
        }
        done += vectors.length;
      }
    }
    return done;
  }

  private EmbedOptions options() {
    EmbedOptions how = EmbedOptions.defaults().prefix(prefix).truncate(!noTruncate);
    how = pooling == null ? how : how.pooling(pooling);
    return normalize == null ? how : how.normalize(normalize);
  }
}
