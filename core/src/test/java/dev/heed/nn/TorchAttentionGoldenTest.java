package dev.heed.nn;

import static dev.heed.Close.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.OnDevice;
import dev.heed.Shared;
import dev.heed.checkpoint.Safetensors;
import dev.heed.op.Probe;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** torch.nn.MultiheadAttention: the same parameters give the same output and weights. */
class TorchAttentionGoldenTest {
  @ParameterizedTest
  @ValueSource(strings = {"0_self", "1_causal", "2_cross"})
  void pyTorch(String name) {
    Path file = Shared.require("golden/pytorch/mha_" + name + ".safetensors");
    try (Safetensors golden = Safetensors.open(file);
        OnDevice on = new OnDevice()) {
      int heads = Integer.parseInt(golden.metadata().get("heads"));
      Shape q = golden.tensors().get("query").shape();
      Shape kv = golden.tensors().get("key_value").shape();
      Tensor out = on.floats(new double[(int) q.elements()], q.dim(0) * q.dim(1), q.dim(2));
      List<Tensor> weights = new ArrayList<>();
      Probe probe =
          new Probe() {
            @Override
            public Optional<Tensor> weights(Stage stage, long queries, int h, int maxKeys) {
              weights.add(on.floats(queries, h, maxKeys));
              return Optional.of(weights.getLast());
            }
          };
      run(on, golden, name, heads, q, kv, out, probe);
      assertClose(OnDevice.values(golden.tensors().get("out")), on.values(out), 1e-5);
      assertClose(
          OnDevice.values(golden.tensors().get("attention_weights")),
          headsFirst(on.values(weights.getFirst()), q, kv, heads),
          1e-5);
      assertEquals(1, weights.size());
    }
  }

  private static void run(
      OnDevice on,
      Safetensors golden,
      String name,
      int heads,
      Shape q,
      Shape kv,
      Tensor out,
      Probe probe) {
    int width = (int) q.dim(2);
    Tensor x = on.floats(OnDevice.values(golden.tensors().get("query")), out.shape().toArray());
    Ragged rows = AttentionRig.ragged(on, fill((int) q.dim(0), (int) q.dim(1)));
    if (!name.contains("cross")) {
      ScaledDotProductAttention attention = ScaledDotProductAttention.of(width / heads);
      MultiHeadAttention.ofTorch(
              on.loader(golden),
              width,
              heads,
              name.contains("causal") ? attention.withCausal() : attention)
          .addRagged(on.ops(probe), on.workspace(), out, x, rows);
      return;
    }
    Tensor memory =
        on.floats(
            OnDevice.values(golden.tensors().get("key_value")), kv.dim(0) * kv.dim(1), kv.dim(2));
    CrossAttention cross = CrossAttention.ofTorch(on.loader(golden), width, width, heads);
    AttentionRig.attend(
        on,
        cross,
        probe,
        out,
        x,
        rows,
        memory,
        AttentionRig.ragged(on, fill((int) kv.dim(0), (int) kv.dim(1))));
  }

  private static int[] fill(int count, int value) {
    int[] all = new int[count];
    Arrays.fill(all, value);
    return all;
  }

  /** [batch queries, heads, keys] as [batch, heads, queries, keys]. */
  private static double[] headsFirst(double[] rows, Shape q, Shape kv, int heads) {
    int queries = (int) q.dim(1);
    int keys = (int) kv.dim(1);
    double[] all = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      int key = i % keys;
      int head = i / keys % heads;
      int row = i / keys / heads;
      all[((row / queries * heads + head) * queries + row % queries) * keys + key] = rows[i];
    }
    return all;
  }
}
