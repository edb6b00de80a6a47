package dev.heed.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.heed.Seq2SeqLm;
import dev.heed.TranslateOptions;
import dev.heed.Translation;
import dev.heed.device.ComputeTypes;
import dev.heed.device.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Makes targets of sources with an encoder-decoder. */
@Command(
    name = "translate",
    description =
        "Translates, transliterates, pronounces: whatever an encoder-decoder was trained for."
            + " Without --model: the small model that comes along and reads dates.",
    footer = {
      "",
      "Examples:",
      "  heed translate \"the third of May, 2009\"",
      "  heed translate --model opus-mt-en-de --beams 4 --n-best 2 --json \"The river is wide.\"",
      "  heed translate --model flan-t5-small --input lines.txt --output translated.txt",
      "",
      "Without --json, each line of the output is a target; with --n-best, its score and a tab stand",
      "before it. An empty line of --input stays empty."
    })
final class TranslateCommand implements Callable<Integer> {
  /** Lines that are sorted by length and computed together. */
  private static final int WINDOW = 1024;

  private final Io io;

  @Mixin private ModelOptions model;
  @Mixin private DeviceOptions device;
  @Mixin private TextOptions texts;
  @Mixin private SearchOptions search;

  @Option(
      names = "--json",
      description = "Write one JSON object; with --output, one for each source.")
  private boolean json;

  TranslateCommand(Io io) {
    this.io = io;
  }

  @Override
  public Integer call() throws IOException {
    texts.check();
    search.check();
    Path path = model.orBundled("dates");
    try (Device on = device.open(io);
        TextSource source = texts.open(io);
        Seq2SeqLm lm =
            model.loading(
                io, search.context(), load -> Seq2SeqLm.load(path, on, search.load(load)))) {
      TranslateOptions how = search.over(lm.defaults());
      if (texts.output() != null) {
        try (OutputFile file = new OutputFile(texts.output())) {
          each(
              source,
              lm,
              how,
              (text, best) -> file.line(json ? document(text, best) : plain(best)));
          file.commit();
        }
      } else if (json) {
        io.out().println(Json.object(g -> write(g, source, lm, how, on)));
      } else if (texts.count() == 1 && !texts.areLines() && how.search().beams() == 1) {
        stream(source.next(1).getFirst(), lm, how);
      } else {
        each(source, lm, how, (text, best) -> io.out().println(plain(best)));
      }
    }
    return Interrupt.asked() ? Interrupt.CODE : 0;
  }

  private void stream(String text, Seq2SeqLm lm, TranslateOptions how) {
    lm.translate(
        text,
        how,
        token -> {
          io.out().print(token.text());
          io.out().flush();
        },
        () -> Interrupt.asked() || io.out().checkError());
    io.out().println();
  }

  /** Takes a source and its best targets. */
  @FunctionalInterface
  private interface Sink {
    void accept(String source, List<Translation> best) throws IOException;
  }

  /** Translates all, in their order. */
  private void each(TextSource source, Seq2SeqLm lm, TranslateOptions how, Sink to)
      throws IOException {
    long total = texts.count();
    long done = 0;
    try (Progress bar = new Progress(io, "translating", " texts", 1)) {
      for (List<String> some = source.next(WINDOW); !some.isEmpty(); some = source.next(WINDOW)) {
        long before = done;
        List<String> filled =
            texts.areLines() ? some.stream().filter(s -> !s.isBlank()).toList() : some;
        List<List<Translation>> found =
            lm.translate(filled, how, n -> bar.at(before + n, total), Interrupt::asked);
        Interrupt.check();
        int next = 0;
        for (String text : some) {
          boolean empty = texts.areLines() && text.isBlank();
          to.accept(text, empty ? List.of() : found.get(next++));
        }
        done += some.size();
      }
    }
  }

  private String plain(List<Translation> best) {
    StringBuilder lines = new StringBuilder();
    for (Translation t : best) {
      lines.append(lines.isEmpty() ? "" : "\n");
      lines.append(search.nBest() ? String.format(Locale.ROOT, "%.4f\t", t.score()) : "");
      lines.append(t.text().replaceAll("\\R", " "));
    }
    return lines.toString();
  }

  private static String document(String source, List<Translation> best) throws IOException {
    return Json.object(
        g -> {
          g.writeStringField("source", source);
          g.writeArrayFieldStart("translations");
          for (Translation t : best) {
            g.writeStartObject();
            write(g, t);
            g.writeEndObject();
          }
          g.writeEndArray();
        });
  }

  private void write(
      JsonGenerator g, TextSource source, Seq2SeqLm lm, TranslateOptions how, Device on)
      throws IOException {
    g.writeArrayFieldStart("translations");
    each(
        source,
        lm,
        how,
        (text, best) -> {
          for (Translation t : best) {
            g.writeStartObject();
            write(g, t);
            g.writeStringField("source", text);
            g.writeEndObject();
          }
        });
    g.writeEndArray();
    g.writeStringField("device", on.info().id());
    g.writeStringField("compute", ComputeTypes.name(lm.compute()));
  }

  private static void write(JsonGenerator g, Translation t) throws IOException {
    g.writeStringField("text", t.text());
    g.writeNumberField("score", t.score());
    Json.ints(g, "tokens", t.tokens());
    Json.floats(g, "logProbs", t.logProbs());
    g.writeBooleanField("ended", t.ended());
  }
}
