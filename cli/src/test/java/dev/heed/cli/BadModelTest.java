package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.Devices;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Models that cannot be used end with exit code 1 and one line that says what, where, what to do.
 */
class BadModelTest {
  @TempDir private Path folder;

  private static Cli.Result generate(Path model) {
    return Cli.run("generate", "--model", model.toString(), "a");
  }

  @Test
  void missing() {
    generate(folder.resolve("absent")).fails(Main.FAILURE, "absent: no such file or folder");
    generate(folder.resolve("absent.gguf")).fails(Main.FAILURE, "absent.gguf: no such file");
  }

  @Test
  void aFolderWithoutConfig() throws IOException {
    TinyLlama.write(folder);
    Files.delete(folder.resolve("config.json"));
    generate(folder).fails(Main.FAILURE, "config.json: no such file");
  }

  @Test
  void aFolderWithoutWeights() throws IOException {
    TinyLlama.write(folder);
    Files.delete(folder.resolve("model.safetensors"));
    generate(folder).fails(Main.FAILURE, folder.toString());
  }

  @Test
  void aFolderWithoutTokenizer() throws IOException {
    TinyLlama.write(folder);
    Files.delete(folder.resolve("tokenizer.json"));
    generate(folder).fails(Main.FAILURE, "tokenizer");
  }

  @Test
  void aConfigThatIsNotJson() throws IOException {
    TinyLlama.write(folder);
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": ");
    generate(folder).fails(Main.FAILURE, "config.json: not valid JSON");
  }

  @Test
  void truncatedWeights() throws IOException {
    Path file = TinyLlama.write(folder).resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    for (int length : new int[] {0, 7, 40, bytes.length / 2, bytes.length - 1}) {
      Files.write(file, Arrays.copyOf(bytes, length));
      generate(folder).fails(Main.FAILURE, "model.safetensors");
    }
  }

  @Test
  void filesThatAreNoModels() throws IOException {
    byte[] noise = new byte[4096];
    new Random(3).nextBytes(noise);
    for (String name : List.of("model.gguf", "model.safetensors", "model.onnx", "model.bin")) {
      Path file = folder.resolve(name);
      Files.write(file, noise);
      generate(file).fails(Main.FAILURE, name);
    }
  }

  @Test
  void anUnknownArchitecture() {
    TinyLlama.write(folder, config -> config.put("model_type", "abacus"), tensors -> {});
    generate(folder).fails(Main.FAILURE, "abacus");
  }

  @Test
  void aMissingTensor() {
    String name = "model.layers.0.mlp.up_proj.weight";
    TinyLlama.write(folder, config -> {}, tensors -> tensors.remove(name));
    generate(folder).fails(Main.FAILURE, name);
  }

  @Test
  void tensorsOfAnotherShape() {
    TinyLlama.write(folder, config -> config.put("intermediate_size", 32), tensors -> {});
    generate(folder).fails(Main.FAILURE, "mlp");
  }

  @Test
  void hostileFiles() throws IOException {
    for (String kind : List.of("gguf", "safetensors")) {
      try (Stream<Path> files = Files.list(Cli.shared("hostile/" + kind))) {
        for (Path file : files.filter(f -> f.toString().endsWith("." + kind)).toList()) {
          generate(file).fails(Main.FAILURE, file.getParent().toString());
        }
      }
    }
  }

  /** A sparse file of one and a half times the machine's memory; only its header is written. */
  @Test
  void aModelLargerThanMemory() throws IOException {
    int hidden = 4096;
    long memory = Devices.discover().get("cpu").devices().getFirst().memoryBytes();
    long rows = memory * 3 / 4 / (4L * hidden);
    TinyLlama.write(
        folder, config -> config.put("hidden_size", hidden).put("vocab_size", rows), t -> {});
    writeSparse(folder.resolve("model.safetensors"), hidden, rows);
    Cli.Result result = generate(folder);
    result.fails(Main.FAILURE, "needs ");
    assertTrue(result.err().contains("weights"), result.err());
  }

  private static void writeSparse(Path file, int hidden, long rows) throws IOException {
    String layer = "model.layers.0.";
    long[][] shapes = {
      {rows, hidden},
      {hidden},
      {hidden, hidden},
      {hidden / 2, hidden},
      {hidden / 2, hidden},
      {hidden, hidden},
      {hidden},
      {24, hidden},
      {24, hidden},
      {hidden, 24},
      {hidden},
      {rows, hidden}
    };
    String[] names = {
      "model.embed_tokens.weight",
      layer + "input_layernorm.weight",
      layer + "self_attn.q_proj.weight",
      layer + "self_attn.k_proj.weight",
      layer + "self_attn.v_proj.weight",
      layer + "self_attn.o_proj.weight",
      layer + "post_attention_layernorm.weight",
      layer + "mlp.gate_proj.weight",
      layer + "mlp.up_proj.weight",
      layer + "mlp.down_proj.weight",
      "model.norm.weight",
      "lm_head.weight"
    };
    StringBuilder header = new StringBuilder("{");
    long at = 0;
    for (int i = 0; i < names.length; i++) {
      long bytes = 4 * Arrays.stream(shapes[i]).reduce(1, (a, b) -> a * b);
      header
          .append(i == 0 ? "" : ",")
          .append(
              "\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                  .formatted(names[i], Arrays.toString(shapes[i]), at, at + bytes));
      at += bytes;
    }
    byte[] json = header.append("}").toString().getBytes(StandardCharsets.UTF_8);
    try (FileChannel out =
        FileChannel.open(
            file,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer length =
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, json.length);
      out.write(length, 0);
      out.write(ByteBuffer.wrap(json), 8);
      out.write(ByteBuffer.wrap(new byte[1]), 8 + json.length + at - 1);
    }
  }
}
