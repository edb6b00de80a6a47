package dev.heed.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.heed.AttentionMap;
import dev.heed.Token;
import dev.heed.device.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows what a model's heads attend to in a text. */
@Command(
    name = "attention",
    description = {
      "Shows what a model's heads attend to in a text: as a page for any browser, a picture of one",
      "head, or numbers. Without --model: the small model of stories that comes along."
    },
    footer = {
      "",
      "Examples:",
      "  heed attention \"Once upon a time there was a little fox.\"",
      "  heed attention --model all-MiniLM-L6-v2 --output bank.html \"fish at the river bank\"",
      "  heed attention --model all-MiniLM-L6-v2 --png head.png --layer 2 --head 5 \"river bank\"",
      "  heed attention --model opus-mt-en-de --target \"Guten Morgen\" \"Good morning\"",
      "",
      "The page is one file with all it needs, and shows weights to four digits; --json has all."
    })
final class AttentionCommand implements Callable<Integer> {
  private static final String MEAN = "mean";

  private final Io io;

  @Spec private CommandSpec spec;
  @Mixin private ModelOptions model;
  @Mixin private DeviceOptions device;

  @Parameters(
      arity = "0..1",
      paramLabel = "TEXT",
      description = "The text; - reads it from standard input.")
  private String text;

  @Option(
      names = "--target",
      paramLabel = "TEXT",
      description = "What an encoder-decoder shall write. Default: what it would.")
  private String target;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The page to write. Default, without --png and --json: attention.html.")
  private Path output;

  @Option(
      names = "--png",
      paramLabel = "FILE",
      description = "Write a picture of one head: rows are queries, columns keys.")
  private Path png;

  @Option(
      names = "--view",
      description =
          "Which attention of an encoder-decoder the picture shows and the page opens with:"
              + " ${COMPLETION-CANDIDATES}. Default: cross.")
  private dev.heed.op.Probe.Stage view;

  @Option(names = "--layer", paramLabel = "L", description = "Which layer, from 0. Default: 0.")
  private int layer;

  @Option(
      names = "--head",
      paramLabel = "H",
      description = "Which head, from 0, or mean for the mean of all. Default: 0.")
  private String head = "0";

  @Option(names = "--json", description = "Write all weights as one JSON object.")
  private boolean json;

  AttentionCommand(Io io) {
    this.io = io;
  }

  @Override
  public Integer call() throws IOException {
    if (text == null) {
      throw Usage.error(spec, "no text: give one, or - to read it from standard input");
    }
    String source = "-".equals(text) ? Texts.all(io.in(), "standard input") : text;
    Path path = target == null ? model.orBundled("stories") : model.orBundled("dates");
    Path page = output == null && png == null && !json ? Path.of("attention.html") : output;
    Stream.of(page, png).filter(f -> f != null).forEach(OutputFile::requireWritable);
    try (Device on = device.open(io);
        AttentionViews views = AttentionViews.of(io, model, path, on, source, target)) {
      AttentionPage.Chosen chosen = chosen(views.all());
      String name = path.toAbsolutePath().normalize().getFileName().toString();
      if (png != null) {
        AttentionView shown = views.all().get(chosen.view());
        OutputFile.write(png, HeadPicture.png(shown, chosen.layer(), chosen.head()));
      }
      if (page != null) {
        try (OutputFile file = new OutputFile(page)) {
          new AttentionPage(name, views.text(), views.all(), chosen).write(file.writer());
          file.commit();
        }
      }
      if (json) {
        Json.write(io.out(), g -> write(g, name, views, on));
      } else {
        Stream.of(page, png).filter(f -> f != null).forEach(io.out()::println);
      }
    }
    return 0;
  }

  /** The head asked for, if there is such a one. */
  private AttentionPage.Chosen chosen(List<AttentionView> views) {
    int number = 0;
    while (view != null && number < views.size() && views.get(number).map().stage() != view) {
      number++;
    }
    if (number == views.size()) {
      String name = view.name().toLowerCase(Locale.ROOT);
      throw Usage.error(spec, "--view " + name + ": the model has no such attention");
    }
    AttentionMap map = views.get(number).map();
    requireBelow("--layer", layer, map.layers());
    if (head.equals(MEAN)) {
      return new AttentionPage.Chosen(number, layer, AttentionPage.Chosen.MEAN);
    }
    int h = head.matches("\\d{1,6}") ? Integer.parseInt(head) : -1;
    if (h < 0) {
      throw Usage.error(spec, "--head " + head + ": want a number from 0, or " + MEAN);
    }
    requireBelow("--head", h, map.heads());
    return new AttentionPage.Chosen(number, layer, h);
  }

  private void requireBelow(String option, int value, int count) {
    if (value < 0 || value >= count) {
      throw Usage.error(spec, "%s %d: the model has 0 to %d".formatted(option, value, count - 1));
    }
  }

  private static void write(JsonGenerator json, String name, AttentionViews views, Device on)
      throws IOException {
    json.writeStringField("model", name);
    json.writeStringField("device", on.info().id());
    json.writeArrayFieldStart("maps");
    for (AttentionView view : views.all()) {
      AttentionMap map = view.map();
      json.writeStartObject();
      json.writeStringField("attention", map.stage().name().toLowerCase(Locale.ROOT));
      tokens(json, "queries", map.queries());
      tokens(json, "keys", map.keys());
      json.writeArrayFieldStart("weights");
      for (int l = 0; l < map.layers(); l++) {
        layer(json, map, l);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void tokens(JsonGenerator json, String name, List<Token> tokens)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (Token token : tokens) {
      json.writeStartObject();
      json.writeNumberField("id", token.id());
      json.writeStringField("text", token.text());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void layer(JsonGenerator json, AttentionMap map, int layer) throws IOException {
    json.writeStartArray();
    for (int head = 0; head < map.heads(); head++) {
      json.writeStartArray();
      for (int query = 0; query < map.queries().size(); query++) {
        json.writeStartArray();
        for (float weight : map.weights(layer, head, query)) {
          json.writeNumber(weight);
        }
        json.writeEndArray();
      }
      json.writeEndArray();
    }
    json.writeEndArray();
  }
}
