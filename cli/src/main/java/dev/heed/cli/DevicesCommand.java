package dev.heed.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.heed.device.DeviceInfo;
import dev.heed.device.DeviceProvider.Discovery;
import dev.heed.device.Devices;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lists the devices of this machine, and why the others are not there. */
@Command(
    name = "devices",
    description = "Lists the devices models can run on, and why others are unavailable.",
    footer = {"", "Examples:", "  heed devices", "  heed devices --json"})
final class DevicesCommand implements Callable<Integer> {
  private final Io io;

  @Option(names = "--json", description = "Write one JSON object.")
  private boolean json;

  DevicesCommand(Io io) {
    this.io = io;
  }

  @Override
  public Integer call() throws IOException {
    Map<String, Discovery> found = Devices.discover();
    if (json) {
      io.out().println(Json.object(g -> write(g, found)));
    } else {
      print(found);
    }
    return 0;
  }

  private void print(Map<String, Discovery> found) {
    for (Discovery discovery : found.values()) {
      for (DeviceInfo d : discovery.devices()) {
        io.out()
            .printf(
                Locale.ROOT,
                "%-10s %s, %s, %,d MiB, computes in %s, %s%s%n",
                d.id(),
                d.kind(),
                d.name(),
                d.memoryBytes() >> 20,
                String.join(" ", types(d)),
                d.driver(),
                d.tuning().isEmpty() ? "" : ", tuned by " + d.tuning());
      }
    }
    found.forEach(
        (name, discovery) ->
            discovery
                .whyNone()
                .ifPresent(why -> io.out().printf("%-10s unavailable: %s%n", name, why)));
  }

  private static void write(JsonGenerator json, Map<String, Discovery> found) throws IOException {
    json.writeArrayFieldStart("devices");
    for (Discovery discovery : found.values()) {
      for (DeviceInfo d : discovery.devices()) {
        write(json, d);
      }
    }
    json.writeEndArray();
    json.writeObjectFieldStart("unavailable");
    for (Map.Entry<String, Discovery> e : found.entrySet()) {
      if (e.getValue().whyNone().isPresent()) {
        json.writeStringField(e.getKey(), e.getValue().whyNone().get());
      }
    }
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, DeviceInfo d) throws IOException {
    json.writeStartObject();
    json.writeStringField("id", d.id());
    json.writeStringField("provider", d.provider());
    json.writeStringField("name", d.name());
    json.writeStringField("kind", d.kind().name());
    json.writeNumberField("memoryBytes", d.memoryBytes());
    json.writeNumberField("maxAllocationBytes", d.maxAllocationBytes());
    json.writeArrayFieldStart("computeTypes");
    for (String type : types(d)) {
      json.writeString(type);
    }
    json.writeEndArray();
    json.writeStringField("driver", d.driver());
    json.writeNumberField("vectorBits", d.vectorBits());
    json.writeStringField("tuning", d.tuning());
    json.writeEndObject();
  }

  private static List<String> types(DeviceInfo d) {
    return d.computeTypes().stream().sorted().map(t -> t.name().toLowerCase(Locale.ROOT)).toList();
  }
}
