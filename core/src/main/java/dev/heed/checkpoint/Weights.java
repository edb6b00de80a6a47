package dev.heed.checkpoint;

import dev.heed.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A checkpoint under Hugging Face's names, seen from a scope: {@code
 * w.at("model.layers.0").get("input_layernorm.weight")}. GGUF files of the architectures of {@link
 * GgufNames} answer to the same names. All scopes note together which tensors were used.
 */
public final class Weights {
  private final Checkpoint checkpoint;
  private final Optional<GgufNames> ggufNames;
  private final Map<String, String> stored; // Hugging Face's name to the checkpoint's
  private final Set<String> used; // Hugging Face's names
  private final String scope; // empty or ending with a dot

  private Weights(
      Checkpoint checkpoint,
      Optional<GgufNames> ggufNames,
      Map<String, String> stored,
      Set<String> used,
      String scope) {
    this.checkpoint = checkpoint;
    this.ggufNames = ggufNames;
    this.stored = stored;
    this.used = used;
    this.scope = scope;
  }

  /** The whole checkpoint. */
  public static Weights of(Checkpoint checkpoint) {
    Optional<GgufNames> names =
        checkpoint instanceof Gguf gguf
            ? gguf.metadata().architecture().flatMap(GgufNames::of)
            : Optional.empty();
    Map<String, String> stored = new HashMap<>();
    for (Set<String> all :
        List.of(checkpoint.tensors().keySet(), checkpoint.unreadable().keySet())) {
      for (String name : all) {
        String other = names.map(n -> n.huggingFace(name)).orElse(name);
        if (stored.put(other, name) != null) {
          throw new CheckpointException(checkpoint.source(), "has two tensors " + other);
        }
      }
    }
    return new Weights(checkpoint, names, stored, ConcurrentHashMap.newKeySet(), "");
  }

  /** The tensors under {@code name} and a dot. */
  public Weights at(String name) {
    return new Weights(checkpoint, ggufNames, stored, used, scope + name + ".");
  }

  /**
   * The tensors under {@code name} if there are any, else this scope: checkpoints of {@code
   * BertModel} lack the {@code bert} that those of {@code BertForMaskedLM} have.
   */
  public Weights atOptional(String name) {
    String prefix = scope + name + ".";
    return stored.keySet().stream().anyMatch(n -> n.startsWith(prefix)) ? at(name) : this;
  }

  /** True if there is a tensor of this name in the scope, readable or not. */
  public boolean has(String name) {
    return stored.containsKey(scope + name);
  }

  /**
   * The tensor of this name in the scope.
   *
   * @throws CheckpointException if it is not there or not readable, by its full name
   */
  public CheckpointTensor get(String name) {
    return optional(name).orElseThrow(() -> missing(scope + name));
  }

  /**
   * The tensor of this name in the scope, which must have this shape: linear weights [out, in].
   *
   * @throws CheckpointException if it is not there, not readable, or of another shape
   */
  public CheckpointTensor get(String name, long... shape) {
    return expect(get(name), scope + name, shape);
  }

  /**
   * The tensor of this name in the scope, where there is one.
   *
   * @throws CheckpointException if it is not readable
   */
  public Optional<CheckpointTensor> optional(String name) {
    String full = scope + name;
    String own = stored.get(full);
    if (own == null) {
      return Optional.empty();
    }
    used.add(full);
    return checkpoint.find(own);
  }

  /**
   * The tensor of this name in the scope, where there is one, which must have this shape.
   *
   * @throws CheckpointException if it is not readable, or of another shape
   */
  public Optional<CheckpointTensor> optional(String name, long... shape) {
    return optional(name).map(t -> expect(t, scope + name, shape));
  }

  /**
   * A weight of GPT-2's Conv1D, {@code y = x W + b}, as a linear one of shape [out, in]: Hugging
   * Face stores it [in, out], which comes back as {@link CheckpointTensor#transposed}; GGUF stores
   * [out, in].
   *
   * @throws CheckpointException if it is not there, not readable, or of another shape
   */
  public CheckpointTensor conv1d(String name, long out, long in) {
    return checkpoint instanceof Gguf ? get(name, out, in) : get(name, in, out).transpose();
  }

  private CheckpointTensor expect(CheckpointTensor tensor, String name, long... shape) {
    Shape expected = Shape.of(shape);
    if (!tensor.shape().equals(expected)) {
      throw new CheckpointException(
          checkpoint.source(),
          "tensor %s is %s, expected %s; configuration and weights do not belong together"
              .formatted(describe(name), tensor.shape(), expected));
    }
    return tensor;
  }

  private CheckpointException missing(String name) {
    return new CheckpointException(
        checkpoint.source(),
        "no tensor %s; it is incomplete or of another architecture".formatted(describe(name)));
  }

  /** The name, with the one in the file where that differs. */
  private String describe(String name) {
    String own = ggufNames.map(n -> n.gguf(name)).orElse(name);
    return own.equals(name) ? name : name + " (" + own + ")";
  }

  /** The tensors nobody asked for, by full name, sorted. */
  public List<String> unused() {
    return stored.keySet().stream().filter(n -> !used.contains(n)).sorted().toList();
  }

  /** Where the tensors come from. */
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  /** This scope's full name for {@code name}. */
  public String fullName(String name) {
    return scope + name;
  }

  /** {@code general.architecture} of a GGUF file; empty for other formats. */
  public Optional<String> ggufArchitecture() {
    return checkpoint instanceof Gguf gguf ? gguf.metadata().architecture() : Optional.empty();
  }

  /** True if RoPE rotates neighbouring elements; see {@link GgufNames}. */
  public boolean ropeInterleaved() {
    return ggufNames.map(GgufNames::ropeInterleaved).orElse(false);
  }
}
