package dev.heed.nn;

import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.Probe;
import dev.heed.op.Random;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.List;
import java.util.Optional;

/**
 * The decoder (Vaswani et al. 2017, section 3.1): a stack of layers over embedded tokens, with the
 * keys and values of past tokens in a cache.
 *
 * @param layers first to last
 * @param finalNorm behind the last layer, as pre-norm stacks need it
 */
public record Decoder(List<DecoderLayer> layers, Optional<Norm> finalNorm) {
  public Decoder {
    layers = List.copyOf(layers);
  }

  /** With dropout in every layer. */
  public Decoder withDropout(Random random) {
    return new Decoder(layers.stream().map(l -> l.withDropout(random)).toList(), finalNorm);
  }

  /**
   * Computes every layer's keys and values of encoded sources, once for all steps of their targets.
   *
   * @param memory F32 [S, hidden of the encoder]
   * @param cross receives them
   */
  public void project(Ops ops, Workspace ws, Tensor memory, CrossCache cross) {
    long mark = ws.mark();
    Tensor source = Rounding.toCompute(ops, ws, memory);
    for (int i = 0; i < layers.size(); i++) {
      layers.get(i).cross().orElseThrow().attention().project(ops, source, cross.layers().get(i));
    }
    ws.release(mark);
  }

  /**
   * Runs a step.
   *
   * @param x F32 [T, hidden]: embeddings of the batch's tokens; destroyed
   * @param cross the sources, where the layers attend to some
   * @param rows I32 [R]: which rows are wanted; none for all, then R = T
   * @return [R, hidden] in the workspace's compute type: the rows wanted, behind the final norm
   */
  public Tensor forward(
      Ops ops,
      Workspace ws,
      Tensor x,
      Batch batch,
      KvCache cache,
      Optional<CrossCache> cross,
      Optional<Tensor> rows) {
    ops.probe().hiddenState(Probe.Stage.DECODER, x);
    for (int i = 0; i < layers.size(); i++) {
      int layer = i;
      Optional<DecoderLayer.Source> source =
          cross.map(c -> new DecoderLayer.Source(c.layers().get(layer), c.sequences(batch.seq())));
      layers.get(i).forward(ops, ws, x, batch, cache.layers().get(i), source);
      ops.probe().hiddenState(Probe.Stage.DECODER, x);
    }
    Tensor wanted = rows.map(r -> gather(ops, ws, x, r)).orElse(x);
    if (finalNorm.isEmpty()) {
      return Rounding.toCompute(ops, ws, wanted);
    }
    Tensor normed = ws.activations(wanted.shape().toArray());
    finalNorm.get().forward(ops, normed, wanted);
    return normed;
  }

  private static Tensor gather(Ops ops, Workspace ws, Tensor x, Tensor rows) {
    Tensor wanted = ws.tensor(DType.F32, rows.shape().dim(0), x.shape().dim(1));
    ops.run(new Op.Gather(wanted, x, rows));
    return wanted;
  }
}
