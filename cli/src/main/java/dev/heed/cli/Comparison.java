package dev.heed.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.heed.device.DeviceInfo;
import dev.heed.device.MemoryPlan;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The same work on several devices.
 *
 * @param model what it was done with
 * @param work what was done
 * @param rates what was measured, more is better
 * @param numbersAre what the devices' difference is a difference of
 * @param results of each device; the first is what the others are compared with
 * @param unavailable providers without a device, and why
 */
record Comparison(
    String model,
    String work,
    List<String> rates,
    String numbersAre,
    List<Result> results,
    Map<String, String> unavailable) {

  /**
   * What a device did.
   *
   * @param compute the type it computed in
   * @param rates the spread of each rate
   * @param difference from the first device; empty for the first
   */
  record Result(
      DeviceInfo device,
      String compute,
      double loadSeconds,
      MemoryPlan memory,
      List<Spread> rates,
      Optional<Difference> difference) {}

  /**
   * How far numbers lie from others.
   *
   * @param nmse sum of squared differences over the sum of squares; NaN where the counts differ
   * @param most the largest difference of two
   */
  record Difference(double nmse, double most) {
    static Difference of(float[] numbers, float[] from) {
      if (numbers.length != from.length) {
        return new Difference(Double.NaN, Double.NaN);
      }
      double error = 0;
      double power = 0;
      double most = 0;
      for (int i = 0; i < from.length; i++) {
        double d = (double) numbers[i] - from[i];
        error += d * d;
        power += (double) from[i] * from[i];
        most = Math.max(most, Math.abs(d));
      }
      return new Difference(error == 0 ? 0 : error / power, most);
    }

    @Override
    public String toString() {
      return Double.isNaN(nmse)
          ? "other tokens"
          : String.format(Locale.ROOT, "NMSE %.1e, at most %.1e", nmse, most);
    }
  }

  /** As text: a block for each rate, with bars. */
  void print(PrintStream to) {
    to.printf("%s: %s%n", model, work);
    for (int rate = 0; rate < rates.size(); rate++) {
      to.printf("%n%s%n", rates.get(rate));
      double best = best(rate);
      for (Result r : results) {
        Spread s = r.rates().get(rate);
        to.printf(
            Locale.ROOT,
            "  %-10s %10.1f  %-30s %4.2fx  (%.1f to %.1f)%n",
            r.device().id(),
            s.median(),
            "#".repeat((int) Math.round(30 * s.median() / best)),
            ratio(r, rate),
            s.least(),
            s.most());
      }
    }
    to.printf(
        "%ncompute type, loading, memory, and %s beside those of %s%n", numbersAre, first().id());
    for (Result r : results) {
      to.printf(
          Locale.ROOT,
          "  %-10s %-5s %6.2f s  %,8d MiB  %s%n",
          r.device().id(),
          r.compute(),
          r.loadSeconds(),
          r.memory().total() >> 20,
          r.difference().map(Difference::toString).orElse("-"));
    }
    unavailable.forEach((name, why) -> to.printf("  %-10s unavailable: %s%n", name, why));
  }

  DeviceInfo first() {
    return results.getFirst().device();
  }

  double best(int rate) {
    return results.stream().mapToDouble(r -> r.rates().get(rate).median()).max().orElseThrow();
  }

  /** A device's rate over the first device's. */
  double ratio(Result r, int rate) {
    return r.rates().get(rate).median() / results.getFirst().rates().get(rate).median();
  }

  void json(JsonGenerator json) throws IOException {
    json.writeStringField("model", model);
    json.writeStringField("work", work);
    json.writeArrayFieldStart("results");
    for (Result r : results) {
      json.writeStartObject();
      json.writeStringField("device", r.device().id());
      json.writeStringField("name", r.device().name());
      json.writeStringField("driver", r.device().driver());
      json.writeStringField("compute", r.compute());
      Json.measure(json, "loadSeconds", r.loadSeconds());
      json.writeNumberField("memoryBytes", r.memory().total());
      json.writeNumberField("weightBytes", r.memory().weights());
      json.writeObjectFieldStart("rates");
      for (int i = 0; i < rates.size(); i++) {
        json.writeObjectFieldStart(rates.get(i));
        Json.measure(json, "median", r.rates().get(i).median());
        Json.measure(json, "least", r.rates().get(i).least());
        Json.measure(json, "most", r.rates().get(i).most());
        json.writeEndObject();
      }
      json.writeEndObject();
      if (r.difference().isPresent()) {
        json.writeObjectFieldStart("difference");
        json.writeStringField("of", numbersAre);
        json.writeStringField("from", first().id());
        Json.measure(json, "nmse", r.difference().get().nmse());
        Json.measure(json, "most", r.difference().get().most());
        json.writeEndObject();
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeObjectFieldStart("unavailable");
    for (Map.Entry<String, String> e : unavailable.entrySet()) {
      json.writeStringField(e.getKey(), e.getValue());
    }
    json.writeEndObject();
  }
}
