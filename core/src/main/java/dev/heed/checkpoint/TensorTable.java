package dev.heed.checkpoint;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The tensors of a checkpoint by name, in the file's order: those Heed reads and the others. */
final class TensorTable {
  private final Map<String, CheckpointTensor> tensors = new LinkedHashMap<>();
  private final Map<String, String> unreadable = new LinkedHashMap<>();

  /** False, with nothing changed, if the name is taken. */
  boolean add(CheckpointTensor tensor) {
    return !contains(tensor.name()) && tensors.put(tensor.name(), tensor) == null;
  }

  /** A tensor that is there but that nobody can have. False if the name is taken. */
  boolean addUnreadable(String name, String why) {
    return !contains(name) && unreadable.put(name, why) == null;
  }

  boolean contains(String name) {
    return tensors.containsKey(name) || unreadable.containsKey(name);
  }

  Map<String, CheckpointTensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  Map<String, String> unreadable() {
    return Collections.unmodifiableMap(unreadable);
  }

  /** Empty where no such tensor is; {@code source} for the message about an unreadable one. */
  Optional<CheckpointTensor> find(String name, Path source) {
    String why = unreadable.get(name);
    if (why != null) {
      throw new CheckpointException(source, "tensor " + name + " " + why);
    }
    return Optional.ofNullable(tensors.get(name));
  }
}
