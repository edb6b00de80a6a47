package dev.heed.cli;

import dev.heed.cli.Comparison.Difference;
import dev.heed.cli.Comparison.Result;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A comparison as one HTML page with plots: no script, no network. */
record ComparisonPage(Comparison comparison) {
  void write(Writer to) throws IOException {
    to.write(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
            + "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Heed: devices compared</title>\n<style>\n");
    try (InputStream css = ComparisonPage.class.getResourceAsStream("compare/page.css")) {
      to.write(new String(css.readAllBytes(), StandardCharsets.UTF_8));
    }
    to.write("</style>\n<header><p>Heed: devices compared</p>\n");
    to.write("<h1>%s</h1>\n".formatted(escape(comparison.model())));
    to.write("<p>%s</p></header>\n<main>\n".formatted(escape(comparison.work())));
    for (int rate = 0; rate < comparison.rates().size(); rate++) {
      plot(to, rate);
    }
    to.write("</main>\n");
    table(to);
    to.write("</html>\n");
  }

  /** Bars from 0 to the best device's median; a whisker from the least to the most. */
  private void plot(Writer to, int rate) throws IOException {
    double full = 0;
    for (Result r : comparison.results()) {
      full = Math.max(full, r.rates().get(rate).most());
    }
    to.write("<section><h2>%s</h2>\n".formatted(escape(comparison.rates().get(rate))));
    for (Result r : comparison.results()) {
      Spread s = r.rates().get(rate);
      to.write(
          String.format(
              Locale.ROOT,
              "<div class=\"row\"><b>%s</b><div class=\"bar\"><i style=\"width:%.2f%%\"></i>"
                  + "<u style=\"left:%.2f%%;width:%.2f%%\"></u></div><span>%s</span><em>%.2fx</em></div>\n",
              escape(r.device().id()),
              100 * s.median() / full,
              100 * s.least() / full,
              100 * (s.most() - s.least()) / full,
              number(s.median()),
              comparison.ratio(r, rate)));
    }
    to.write("</section>\n");
  }

  private void table(Writer to) throws IOException {
    to.write(
        "<table><tr><th>device<th>name<th>driver<th>computes in<th>loading<th>memory<th>%s beside %s</tr>\n"
            .formatted(escape(comparison.numbersAre()), escape(comparison.first().id())));
    for (Result r : comparison.results()) {
      to.write(
          String.format(
              Locale.ROOT,
              "<tr><td>%s<td>%s<td>%s<td>%s<td>%.2f s<td>%,d MiB<td>%s</tr>\n",
              escape(r.device().id()),
              escape(r.device().name()),
              escape(r.device().driver()),
              escape(r.compute()),
              r.loadSeconds(),
              r.memory().total() >> 20,
              r.difference().map(Difference::toString).orElse("\u2013")));
    }
    for (var none : comparison.unavailable().entrySet()) {
      to.write(
          "<tr class=\"none\"><td>%s<td colspan=\"6\">unavailable: %s</tr>\n"
              .formatted(escape(none.getKey()), escape(none.getValue())));
    }
    to.write("</table>\n");
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%,.1f" : "%,.0f", value);
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }
}
