package dev.heed.cli;

import dev.heed.AttentionMap;
import dev.heed.CausalLm;
import dev.heed.Seq2SeqAttention;
import dev.heed.Seq2SeqLm;
import dev.heed.TextEncoder;
import dev.heed.device.Device;
import dev.heed.model.ModelFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The attention maps of a model over a text.
 *
 * @param text what the model read and, if it is an encoder-decoder, wrote
 */
record AttentionViews(String text, List<AttentionView> all) implements AutoCloseable {

  /**
   * Runs the model.
   *
   * @param target for encoder-decoders: what it shall write; null for what it would
   */
  static AttentionViews of(
      Io io, ModelOptions options, Path path, Device device, String text, String target) {
    ModelFiles.Kind kind = ModelFiles.kind(path);
    if (target != null && kind != ModelFiles.Kind.ENCODER_DECODER) {
      throw new CommandFailure(path + ": is no encoder-decoder, it has no use for --target");
    }
    return switch (kind) {
      case ENCODER -> {
        try (TextEncoder encoder = options.loading(io, 0, o -> TextEncoder.load(path, device, o))) {
          yield of(text, encoder.attention(text));
        }
      }
      case DECODER -> {
        try (CausalLm lm = options.loading(io, 0, o -> CausalLm.load(path, device, o))) {
          yield of(text, lm.attention(text));
        }
      }
      case ENCODER_DECODER -> {
        try (Seq2SeqLm lm = options.loading(io, 0, o -> Seq2SeqLm.load(path, device, o))) {
          String written = target == null ? lm.translate(text).text() : target;
          Seq2SeqAttention maps = lm.attention(text, written);
          yield of(text + " \u2192 " + written, maps.cross(), maps.decoder(), maps.encoder());
        }
      }
    };
  }

  private static AttentionViews of(String text, AttentionMap... maps) {
    return new AttentionViews(text, Stream.of(maps).map(AttentionView::new).toList());
  }

  @Override
  public void close() {
    all.forEach(v -> v.map().close());
  }
}
