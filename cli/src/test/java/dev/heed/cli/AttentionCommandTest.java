package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.HiddenStates;
import dev.heed.Seq2SeqLm;
import dev.heed.Seq2SeqStates;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AttentionCommandTest {
  @TempDir private Path folder;
  private String model;

  @BeforeEach
  void writeModel() {
    model = TinyLlama.write(folder.resolve("tiny")).toString();
  }

  private static Cli.Result run(String model, String... more) {
    String[] args = {"attention", "--device", "cpu", "--model", model};
    String[] all = Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    return Cli.run(all);
  }

  @Test
  void jsonHasTokensAndWeights() throws IOException {
    JsonNode root = run(model, "--json", "a b c").json();
    JsonNode map = root.path("maps").path(0);
    assertEquals("decoder", map.path("attention").asText());
    assertEquals(
        "[{\"id\":3,\"text\":\"a\"},{\"id\":4,\"text\":\"b\"},{\"id\":5,\"text\":\"c\"}]",
        map.path("keys").toString());
    JsonNode weights = map.path("weights");
    assertEquals(1, weights.size());
    assertEquals(2, weights.path(0).size());
    for (JsonNode head : weights.path(0)) {
      for (int q = 0; q < 3; q++) {
        double sum = 0;
        for (int k = 0; k < 3; k++) {
          sum += head.path(q).path(k).asDouble();
          assertTrue(k <= q || head.path(q).path(k).asDouble() == 0, "the future");
        }
        assertEquals(1, sum, 1e-6);
      }
    }
  }

  /** The weights of all three attentions are PyTorch's. */
  @Test
  void anEncoderDecodersMapsArePyTorchs() throws IOException {
    JsonNode expected = Cli.JSON.readTree(Path.of("models/dates/attention.json").toFile());
    JsonNode maps =
        run(
                "models/dates",
                "--json",
                "--target",
                expected.path("target").asText(),
                expected.path("source").asText())
            .json()
            .path("maps");
    assertEquals(3, maps.size());
    for (JsonNode map : maps) {
      String name = map.path("attention").asText();
      assertEquals(name.equals("encoder") ? 9 : 11, map.path("queries").size());
      assertEquals(name.equals("decoder") ? 11 : 9, map.path("keys").size());
      assertClose(expected.path(name), map.path("weights"), name);
    }
    assertEquals("<s>", maps.path(0).path("queries").path(0).path("text").asText());
    assertEquals("m", maps.path(0).path("keys").path(2).path("text").asText());
  }

  /** And so is what each layer makes of the last token. */
  @Test
  void anEncoderDecodersStatesArePyTorchs() throws IOException {
    JsonNode expected = Cli.JSON.readTree(Path.of("models/dates/attention.json").toFile());
    String source = expected.path("source").asText();
    String target = expected.path("target").asText();
    try (Device device = Devices.open("cpu");
        Seq2SeqLm lm = Seq2SeqLm.load(Path.of("models/dates"), device);
        Seq2SeqStates states = lm.hiddenStates(source, target)) {
      assertStates(expected.path("encoder_states"), states.encoder());
      assertStates(expected.path("decoder_states"), states.decoder());
    }
  }

  private static void assertStates(JsonNode expected, HiddenStates states) {
    assertEquals(expected.size(), states.states());
    for (int state = 0; state < states.states(); state++) {
      float[] last = states.vector(state, states.tokens().size() - 1);
      assertClose(expected.path(state), Cli.JSON.valueToTree(last), "state " + state);
    }
  }

  private static void assertClose(JsonNode expected, JsonNode got, String where) {
    assertEquals(expected.size(), got.size(), where);
    if (expected.isNumber()) {
      assertEquals(expected.asDouble(), got.asDouble(), 1e-5, where);
    }
    for (int i = 0; i < expected.size(); i++) {
      assertClose(expected.path(i), got.path(i), where + " " + i);
    }
  }

  @Test
  void aPictureIsAPng() throws IOException {
    Path png = folder.resolve("head.png");
    assertEquals(
        png + "\n", run(model, "--png", png.toString(), "--head", "1", "a b c d").ok().out());
    try (DataInputStream in = new DataInputStream(Files.newInputStream(png))) {
      assertEquals(0x89504e470d0a1a0aL, in.readLong());
      byte[] header = chunk(in, "IHDR");
      assertEquals(4 * 48, ByteBuffer.wrap(header).getInt());
      String title = new String(chunk(in, "iTXt"), StandardCharsets.UTF_8);
      assertTrue(title.endsWith("Decoder attention, layer 0, head 1"), title);
      assertEquals(768, chunk(in, "PLTE").length);
      byte[] pixels =
          new InflaterInputStream(new ByteArrayInputStream(chunk(in, "IDAT"))).readAllBytes();
      assertEquals(192 * 193, pixels.length);
      assertEquals((byte) 255, pixels[1], "the first token sees itself only");
      assertEquals(0, pixels[192], "and not the last");
      chunk(in, "IEND");
      assertEquals(-1, in.read());
    }
  }

  private static byte[] chunk(DataInputStream in, String type) throws IOException {
    int length = in.readInt();
    byte[] all = in.readNBytes(length + 4);
    assertEquals(type, new String(all, 0, 4, StandardCharsets.US_ASCII));
    CRC32 crc = new CRC32();
    crc.update(all);
    assertEquals((int) crc.getValue(), in.readInt());
    return Arrays.copyOfRange(all, 4, all.length);
  }

  @Test
  void textCannotBreakThePage() throws IOException {
    Path page = folder.resolve("page.html");
    run(model, "-o", page.toString(), "a </script><script>alert(1)</script> b").ok();
    String html = Files.readString(page);
    assertFalse(html.contains("<script>alert"), "the text is not markup");
    assertTrue(html.contains("\\u003c/script>"), "but there");
    assertFalse(html.contains("<!--heed:"), "a part is missing");
  }

  @Test
  void standardInputIsAText() throws IOException {
    byte[] text = "a b".getBytes(StandardCharsets.UTF_8);
    JsonNode root =
        Cli.runWith(text, "attention", "--device", "cpu", "--model", model, "--json", "-").json();
    assertEquals(2, root.path("maps").path(0).path("keys").size());
  }

  @Test
  void badInputIsOneLine() throws IOException {
    run(model).fails(Main.USAGE, "no text");
    run(model, "--json", "--layer", "1", "a").fails(Main.USAGE, "--layer 1: the model has 0 to 0");
    run(model, "--json", "--head", "2", "a").fails(Main.USAGE, "--head 2: the model has 0 to 1");
    run(model, "--json", "--head", "x", "a").fails(Main.USAGE, "want a number from 0, or mean");
    run(model, "--json", "--view", "cross", "a").fails(Main.USAGE, "no such attention");
    run(model, "--json", "--target", "b", "a").fails(Main.FAILURE, "is no encoder-decoder");
    run(model, "--json", "a ".repeat(600)).fails(Main.FAILURE, "600 tokens, the context 512");
    run(model, "-o", folder.toString(), "a").fails(Main.FAILURE, "is a folder");
    run(model, "--png", folder.resolve("no/x.png").toString(), "a")
        .fails(Main.FAILURE, "there is no folder");
    run(folder.resolve("absent").toString(), "a").fails(Main.FAILURE, "no such file or folder");
    try (var left = Files.list(folder)) {
      assertArrayEquals(
          new Object[] {"tiny"}, left.map(f -> f.getFileName().toString()).sorted().toArray());
    }
  }
}
