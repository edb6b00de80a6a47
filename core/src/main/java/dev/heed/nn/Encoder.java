package dev.heed.nn;

import dev.heed.op.Ops;
import dev.heed.op.Probe;
import dev.heed.op.Random;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.List;
import java.util.Optional;

/**
 * The encoder (Vaswani et al. 2017, section 3.1): a stack of layers over embedded tokens.
 *
 * @param layers first to last
 * @param finalNorm behind the last layer, as pre-norm stacks need it and {@code
 *     torch.nn.Transformer} always has it
 */
public record Encoder(List<EncoderLayer> layers, Optional<Norm> finalNorm) {
  public Encoder {
    layers = List.copyOf(layers);
  }

  /** With dropout in every layer. */
  public Encoder withDropout(Random random) {
    return new Encoder(layers.stream().map(l -> l.withDropout(random)).toList(), finalNorm);
  }

  /** x [T, hidden]: embeddings of a ragged batch, in place. */
  public void forward(Ops ops, Workspace ws, Tensor x, Ragged within) {
    ops.probe().hiddenState(Probe.Stage.ENCODER, x);
    for (EncoderLayer layer : layers) {
      layer.forward(ops, ws, x, within);
      ops.probe().hiddenState(Probe.Stage.ENCODER, x);
    }
    finalNorm.ifPresent(n -> n.forward(ops, x, x));
  }
}
