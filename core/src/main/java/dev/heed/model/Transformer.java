package dev.heed.model;

import dev.heed.device.Use;
import dev.heed.nn.AddNorm;
import dev.heed.nn.Batch;
import dev.heed.nn.CrossAttention;
import dev.heed.nn.CrossCache;
import dev.heed.nn.Decoder;
import dev.heed.nn.DecoderLayer;
import dev.heed.nn.Encoder;
import dev.heed.nn.EncoderLayer;
import dev.heed.nn.FeedForward;
import dev.heed.nn.InputEmbedding;
import dev.heed.nn.KvCache;
import dev.heed.nn.Linear;
import dev.heed.nn.Loader;
import dev.heed.nn.MultiHeadAttention;
import dev.heed.nn.Norm;
import dev.heed.nn.PositionalEncoding;
import dev.heed.nn.ScaledDotProductAttention;
import dev.heed.nn.Sinusoids;
import dev.heed.op.NormKind;
import dev.heed.op.Ops;
import dev.heed.op.Random;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The Transformer of "Attention Is All You Need" (Vaswani et al. 2017): an encoder-decoder with
 * sinusoidal positions. Parameters are {@code torch.nn.Transformer}'s under its own names, with
 * {@code src_embedding}, {@code tgt_embedding} and {@code generator} beside them (without a
 * generator the target's embedding is tied, without a {@code tgt_embedding} the source's serves
 * both); {@code config.json} has its arguments ({@code d_model}, {@code nhead}, {@code
 * num_encoder_layers}, {@code num_decoder_layers}, {@code dim_feedforward}, {@code activation},
 * {@code norm_first}, {@code layer_norm_eps}), {@code scale_embedding} and {@code
 * positional_encoding}: {@code type} sinusoidal or none, {@code layout} interleaved (the paper) or
 * halves (tensor2tensor), {@code first_position}.
 */
public final class Transformer implements EncoderDecoderModel {
  /** Sinusoids have no end; so many are put on the device for sources, unless the config says. */
  private static final int SOURCE_POSITIONS = 1024;

  private final int width;
  private final int heads;
  private final Source source;
  private final InputEmbedding target;
  private final Decoder decoder;
  private final Linear generator;
  private final DecoderModel.Dimensions dimensions;

  /** The part that reads sources. */
  private record Source(InputEmbedding embedded, Encoder stack, int hidden, int positions)
      implements EncoderModel {
    @Override
    public int vocabulary() {
      return embedded.tokens().size();
    }

    @Override
    public void forward(Ops ops, Workspace ws, Input in, Tensor out) {
      embedded.forward(ops, ws, out, in.ids(), in.positions());
      stack.forward(ops, ws, out, in.within());
    }
  }

  /**
   * Loads the weights.
   *
   * @param context positions of targets that will be used
   * @throws ConfigException if the configuration makes no sense
   * @throws dev.heed.checkpoint.CheckpointException if a tensor is missing or has another shape
   */
  public Transformer(Config config, Loader loader, int context) {
    this.width = config.integer("d_model");
    this.heads = config.integer("nhead");
    if (heads == 0 || width % heads != 0) {
      throw config.wrong("nhead", Integer.toString(heads), "does not divide d_model, " + width);
    }
    int longest = Math.max(context, config.integer("max_position_embeddings", SOURCE_POSITIONS));
    Optional<PositionalEncoding> positions = positions(config, loader, longest);
    boolean tied = !loader.has("generator.weight");
    TransformerTables tables =
        TransformerTables.load(config, loader, width, tied ? Use.BOTH : Use.TABLE);
    this.source =
        new Source(
            new InputEmbedding(tables.source(), positions),
            new Encoder(
                IntStream.range(0, config.integer("num_encoder_layers"))
                    .mapToObj(i -> encoderLayer(config, loader.at("encoder.layers." + i)))
                    .toList(),
                finalNorm(config, loader.at("encoder"))),
            width,
            longest);
    this.target = new InputEmbedding(tables.target(), positions);
    this.decoder =
        new Decoder(
            IntStream.range(0, config.integer("num_decoder_layers"))
                .mapToObj(i -> decoderLayer(config, loader.at("decoder.layers." + i)))
                .toList(),
            finalNorm(config, loader.at("decoder")));
    int vocabulary = target.tokens().size();
    this.generator =
        tied ? target.tokens().tied() : loader.linear(width, Loader.rows("generator", vocabulary));
    this.dimensions =
        new DecoderModel.Dimensions(
            decoder.layers().size(), heads, width / heads, vocabulary, context);
  }

  private Transformer(Transformer of, Random dropout) {
    this.width = of.width;
    this.heads = of.heads;
    this.source =
        new Source(
            of.source.embedded().withDropout(dropout),
            of.source.stack().withDropout(dropout),
            width,
            of.source.positions());
    this.target = of.target.withDropout(dropout);
    this.decoder = of.decoder.withDropout(dropout);
    this.generator = of.generator;
    this.dimensions = of.dimensions;
  }

  /**
   * The same weights with dropout where the paper has it (section 5.4) and of the attentions'
   * weights: repeated runs of one input show how sure the model is (Gal and Ghahramani 2016).
   *
   * @param random see {@link Loader#random}
   */
  public Transformer withDropout(Random random) {
    return new Transformer(this, random);
  }

  private Optional<PositionalEncoding> positions(Config config, Loader loader, int count) {
    if (!config.has("positional_encoding")) {
      return Optional.of(PositionalEncoding.sinusoidal(loader, Sinusoids.paper(width), count));
    }
    Config encoding = config.at("positional_encoding");
    String type = encoding.text("type", "sinusoidal");
    if (type.equals("none")) {
      return Optional.empty();
    }
    if (!type.equals("sinusoidal")) {
      throw encoding.unknown("type", type, "sinusoidal, none");
    }
    int first = encoding.integer("first_position", 0);
    String layout = encoding.text("layout", "interleaved");
    Sinusoids sinusoids =
        switch (layout) {
          case "interleaved" ->
              new Sinusoids(width, Sinusoids.Order.INTERLEAVED, Sinusoids.Spacing.PAPER, first);
          case "halves" -> Sinusoids.tensor2tensor(width, first);
          default -> throw encoding.unknown("layout", layout, "interleaved, halves");
        };
    return Optional.of(PositionalEncoding.sinusoidal(loader, sinusoids, count));
  }

  private EncoderLayer encoderLayer(Config config, Loader at) {
    ScaledDotProductAttention attention = ScaledDotProductAttention.of(width / heads);
    return new EncoderLayer(
        MultiHeadAttention.ofTorch(at.at("self_attn"), width, heads, attention),
        addNorm(config, at, "norm1"),
        feedForward(config, at),
        addNorm(config, at, "norm2"));
  }

  private DecoderLayer decoderLayer(Config config, Loader at) {
    ScaledDotProductAttention causal = ScaledDotProductAttention.of(width / heads).withCausal();
    return new DecoderLayer(
        MultiHeadAttention.ofTorch(at.at("self_attn"), width, heads, causal),
        addNorm(config, at, "norm1"),
        Optional.of(
            new DecoderLayer.Cross(
                CrossAttention.ofTorch(at.at("multihead_attn"), width, width, heads),
                addNorm(config, at, "norm2"))),
        feedForward(config, at),
        addNorm(config, at, "norm3"));
  }

  private FeedForward feedForward(Config config, Loader at) {
    int inner = config.integer("dim_feedforward", 2048);
    return new FeedForward.Plain(
        at.linear(width, Loader.rows("linear1", inner)),
        at.linear(inner, Loader.rows("linear2", width)),
        config.activation("activation", "relu"));
  }

  private AddNorm addNorm(Config config, Loader at, String name) {
    Norm norm = norm(config, at, name);
    return config.flag("norm_first", false) ? AddNorm.pre(norm) : AddNorm.post(norm);
  }

  private Optional<Norm> finalNorm(Config config, Loader at) {
    return at.has("norm.weight") ? Optional.of(norm(config, at, "norm")) : Optional.empty();
  }

  private Norm norm(Config config, Loader at, String name) {
    return at.norm(name, width, (float) config.number("layer_norm_eps", 1e-5), NormKind.LAYER);
  }

  @Override
  public EncoderModel encoder() {
    return source;
  }

  @Override
  public DecoderModel.Dimensions decoder() {
    return dimensions;
  }

  @Override
  public void project(Ops ops, Workspace ws, Tensor memory, CrossCache cross) {
    decoder.project(ops, ws, memory, cross);
  }

  @Override
  public void decode(
      Ops ops,
      Workspace ws,
      Batch batch,
      KvCache cache,
      CrossCache cross,
      Optional<Tensor> rows,
      Tensor logits) {
    long mark = ws.mark();
    Tensor x = ws.tensor(DType.F32, batch.tokens(), width);
    target.forward(ops, ws, x, batch.ids(), batch.positions());
    Tensor y = decoder.forward(ops, ws, x, batch, cache, Optional.of(cross), rows);
    generator.forward(ops, logits, y);
    ws.release(mark);
  }
}
