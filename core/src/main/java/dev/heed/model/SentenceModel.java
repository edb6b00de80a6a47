package dev.heed.model;

import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.Weights;
import dev.heed.nn.Dense;
import dev.heed.nn.Loader;
import dev.heed.op.Activation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An encoder and what sentence-transformers puts behind its pooled vectors.
 *
 * @param encoder a vector for each token
 * @param dense layers behind the pooling, as Sentence-T5, GTR and LaBSE have one
 */
public record SentenceModel(EncoderModel encoder, List<Dense> dense) {
  public SentenceModel {
    dense = List.copyOf(dense);
  }

  /**
   * Loads the weights; those of dense layers are in folders of their own.
   *
   * @throws ConfigException if the architecture is not an encoder Heed knows, or a module is not
   *     known
   * @throws dev.heed.checkpoint.CheckpointException if a tensor is missing or has another shape
   */
  public static SentenceModel load(Path path, Config config, Loader loader) {
    EncoderModel encoder = ModelFiles.encoder(config, loader);
    List<Dense> layers = new ArrayList<>();
    long width = encoder.hidden();
    for (Path folder : SentenceConfig.denseFolders(path)) {
      Dense layer = dense(folder, loader, width);
      width = layer.linear().outputs();
      layers.add(layer);
    }
    return new SentenceModel(encoder, layers);
  }

  private static Dense dense(Path folder, Loader loader, long inputs) {
    Path file = folder.resolve("config.json");
    Config config = new Config(file.toString(), ModelFiles.json(file));
    String fn = config.text("activation_function", "torch.nn.modules.activation.Tanh");
    Activation activation =
        switch (fn.substring(fn.lastIndexOf('.') + 1)) {
          case "Identity" -> Activation.IDENTITY;
          case "Tanh" -> Activation.TANH;
          case "ReLU" -> Activation.RELU;
          case "GELU" -> Activation.GELU;
          case "Sigmoid" -> Activation.SIGMOID;
          default ->
              throw config.unknown(
                  "activation_function", fn, "Identity, Tanh, ReLU, GELU, Sigmoid");
        };
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      Weights weights = Weights.of(checkpoint);
      long outputs = config.integer("out_features");
      if (config.flag("bias", true)) {
        weights.get("linear.bias", outputs); // where there is none, a Loader takes that for zeros
      }
      return new Dense(
          loader.of(weights).linear(inputs, Loader.rows("linear", outputs)), activation);
    }
  }

  /** Elements of a text's vector. */
  public int dimension() {
    return dense.isEmpty() ? encoder.hidden() : Math.toIntExact(dense.getLast().linear().outputs());
  }
}
