package dev.heed.tck;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.CausalLm;
import dev.heed.LoadOptions;
import dev.heed.Sampling;
import dev.heed.Seq2SeqLm;
import dev.heed.TranslateOptions;
import dev.heed.Translation;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import dev.heed.generate.BeamOptions;
import dev.heed.generate.Hypothesis;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What sessions ask of a device is within its contract, their plan of memory holds, and results do
 * not hang on what memory held before.
 */
class SessionsTest {
  private static final Path MODELS = Path.of("../cli/models");
  private static final List<String> DATES = List.of("3.5.09", "29 february 2024", "May 3rd '09");

  private static List<List<Translation>> read(Device device, int beams) {
    LoadOptions small = LoadOptions.defaults().sequences(6).context(24);
    try (Seq2SeqLm dates = Seq2SeqLm.load(MODELS.resolve("dates"), device, small)) {
      TranslateOptions options = dates.defaults().beams(beams).nBest(beams).minTokens(9);
      return dates.translate(DATES, options, n -> {}, () -> false);
    }
  }

  private static Hypothesis story(Device device) {
    LoadOptions small = LoadOptions.defaults().context(64);
    try (CausalLm stories = CausalLm.load(MODELS.resolve("stories"), device, small)) {
      int[] prompt = stories.encode("Once upon a time");
      return stories.search(prompt, 5, BeamOptions.of(3), () -> false).getFirst();
    }
  }

  private static Device cpu() {
    return Devices.open("cpu");
  }

  @Test
  void translationKeepsTheContract() {
    try (Device device = new AssertingDevice(cpu())) {
      assertEquals("2009-05-03", read(device, 1).getFirst().getFirst().text());
      assertEquals("2009-05-03", read(device, 3).getFirst().getFirst().text());
    }
  }

  /** A text longer than a chunk of the prompt, and than a chunk of keys. */
  @Test
  void generationKeepsTheContract() {
    try (Device device = new AssertingDevice(cpu())) {
      story(device);
      LoadOptions options = LoadOptions.defaults().context(1100);
      try (CausalLm stories = CausalLm.load(MODELS.resolve("stories"), device, options)) {
        for (int length : new int[] {513, 520, 540, 1030, 1090}) {
          stories.generate(
              new int[length], Sampling.greedy().maxTokens(3), token -> {}, () -> false);
        }
      }
    }
  }

  /** The reference computes each op in F64, from memory that is NaN at first. */
  @Test
  void theReferenceDeviceGivesTheSame() {
    try (Device cpu = cpu();
        Device reference = new ReferenceDevice()) {
      List<List<Translation>> expected = read(reference, 2);
      List<List<Translation>> found = read(cpu, 2);
      for (int i = 0; i < DATES.size(); i++) {
        for (int j = 0; j < 2; j++) {
          Translation e = expected.get(i).get(j);
          assertArrayEquals(e.tokens(), found.get(i).get(j).tokens());
          assertArrayEquals(e.logProbs(), found.get(i).get(j).logProbs(), 1e-3f);
        }
      }
      Hypothesis e = story(reference);
      Hypothesis f = story(cpu);
      assertArrayEquals(e.tokens(), f.tokens());
      assertArrayEquals(e.logProbs(), f.logProbs(), 1e-3f);
    }
  }
}
