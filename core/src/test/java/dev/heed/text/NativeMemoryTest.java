package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heed.CausalLm;
import dev.heed.LoadOptions;
import dev.heed.Seq2SeqLm;
import dev.heed.TestDevice;
import dev.heed.TinyModel;
import dev.heed.device.Device;
import dev.heed.model.ConfigException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library's memory is freed however loading ends. */
class NativeMemoryTest {
  private final int before = NativeTokenizer.OPEN.get();

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertEquals(before, NativeTokenizer.OPEN.get());
  }

  @Test
  void aTokenizerIsCountedAndFreed() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.LLAMA)) {
      assertEquals(before + 1, NativeTokenizer.OPEN.get(), t.toString());
    }
  }

  /** The configuration is asked for the begin of targets when both vocabularies are open. */
  @Test
  void marianWithABadConfiguration() throws IOException {
    Files.delete(
        TinyModel.transformer(folder)
            .with("decoder_start_token", null)
            .with("decoder_start_token_id", "zero")
            .write()
            .resolve("tokenizer.json"));
    marian("{\"</s>\":0,\"<unk>\":1,\"a\":2}");
    try (Device device = TestDevice.open()) {
      assertThrows(ConfigException.class, () -> Seq2SeqLm.load(folder, device));
    }
  }

  @Test
  void marianWithoutItsTargets() throws IOException {
    marian("{\"</s>\":0,\"<unk>\":1,\"a\":2}");
    Files.delete(folder.resolve("target.spm"));
    assertThrows(TokenizerException.class, () -> MarianTokenizer.load(folder));
  }

  @Test
  void aModelWhoseLoadingEndsHalfway() throws IOException {
    TinyModel.llama(folder).write();
    LoadOptions options =
        LoadOptions.defaults()
            .progress(
                (bytes, total) -> {
                  throw new UncheckedIOException(new IOException("the terminal is gone"));
                });
    try (Device device = TestDevice.open()) {
      assertThrows(UncheckedIOException.class, () -> CausalLm.load(folder, device, options));
    }
  }

  private void marian(String vocabulary) throws IOException {
    byte[] spm = SentencePieceBytes.unigram("\u2581", "a");
    Files.write(folder.resolve("source.spm"), spm);
    Files.write(folder.resolve("target.spm"), spm);
    Files.writeString(folder.resolve("vocab.json"), vocabulary);
  }
}
