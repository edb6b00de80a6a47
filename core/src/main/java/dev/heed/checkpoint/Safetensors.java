package dev.heed.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.tensor.DType;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Hugging Face's safetensors: a JSON header and raw data, in one file or in shards under an index
 * ({@code weight_map}: tensor to file).
 */
public final class Safetensors extends Checkpoint {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String format;
  private final Map<String, String> metadata;

  private Safetensors(
      MappedFile file, long bytes, Arena arena, TensorTable table, Map<String, String> metadata) {
    super(file.path(), bytes, arena, table);
    this.format = bytes == file.size() ? "safetensors" : "safetensors, sharded";
    this.metadata = Collections.unmodifiableMap(metadata);
  }

  /**
   * Opens one {@code .safetensors} file.
   *
   * @throws CheckpointException if it is missing or not valid
   */
  public static Safetensors open(Path path) {
    return MappedFile.open(path, Safetensors::of);
  }

  static Safetensors of(MappedFile file, Arena arena) {
    SafetensorsHeader header = SafetensorsHeader.read(file);
    TensorTable table = new TensorTable();
    for (SafetensorsHeader.Entry entry : header.entries()) {
      add(table, file, header, entry);
    }
    return new Safetensors(file, file.size(), arena, table, header.metadata());
  }

  /**
   * Opens a {@code model.safetensors.index.json} and the shards beside it.
   *
   * @throws CheckpointException if a file is missing or not valid, or lacks a tensor of the index
   */
  public static Safetensors openSharded(Path index) {
    return MappedFile.open(index, Safetensors::ofIndex);
  }

  static Safetensors ofIndex(MappedFile index, Arena arena) {
    JsonNode weightMap = parse(index).path("weight_map");
    if (!weightMap.isObject()) {
      throw index.damaged("no weight_map in it");
    }
    Map<String, Shard> shards = new HashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    TensorTable table = new TensorTable();
    long bytes = index.size();
    for (Map.Entry<String, JsonNode> e : weightMap.properties()) {
      String fileName = e.getValue().asText("");
      Shard shard = shards.get(fileName);
      if (shard == null) {
        shard = Shard.open(index, fileName, arena);
        shards.put(fileName, shard);
        metadata.putAll(shard.header.metadata());
        bytes += shard.file.size();
      }
      SafetensorsHeader.Entry entry = shard.entries.get(e.getKey());
      if (entry == null) {
        throw new CheckpointException(
            shard.file.path(), "no tensor " + e.getKey() + ", which the index puts there");
      }
      add(table, shard.file, shard.header, entry);
    }
    return new Safetensors(index, bytes, arena, table, metadata);
  }

  private static JsonNode parse(MappedFile index) {
    if (index.size() > SafetensorsHeader.MAX_BYTES) {
      throw index.damaged("%d bytes are too many for an index", index.size());
    }
    try {
      return JSON.readTree(index.text(0, index.size(), "the index").toString());
    } catch (JsonProcessingException e) {
      throw index.damaged("not JSON (%s)", SafetensorsHeader.reason(e));
    }
  }

  private record Shard(
      MappedFile file, SafetensorsHeader header, Map<String, SafetensorsHeader.Entry> entries) {

    static Shard open(MappedFile index, String name, Arena arena) {
      MappedFile file = MappedFile.map(index.beside(name, "a shard"), arena);
      SafetensorsHeader header = SafetensorsHeader.read(file);
      Map<String, SafetensorsHeader.Entry> entries = new HashMap<>();
      header.entries().forEach(e -> entries.put(e.name(), e));
      return new Shard(file, header, entries);
    }
  }

  private static void add(
      TensorTable table, MappedFile file, SafetensorsHeader header, SafetensorsHeader.Entry e) {
    Optional<DType> dtype = dtype(e.dtype());
    if (dtype.isEmpty()) {
      table.addUnreadable(e.name(), "is " + e.dtype() + "; Heed reads " + readableTypes());
      return;
    }
    table.add(
        new CheckpointTensor(
            e.name(),
            dtype.get(),
            file.shape(e.name(), e.shape()),
            file.slice(header.dataStart() + e.begin(), e.end() - e.begin())));
  }

  /** The plain types have the same names there as here. */
  private static Optional<DType> dtype(String name) {
    for (DType type : DType.values()) {
      if (!type.isBlock() && type.name().equals(name)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  @Override
  public String format() {
    return format;
  }

  /** The header's {@code __metadata__}; of all shards together. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * Writes a safetensors file that appears whole or not at all: into a temporary file beside it,
   * then renamed over {@code path}. Wider types come first, so that all data is aligned.
   *
   * @param tensors by name, row-major, of plain types, not transposed
   * @param metadata becomes {@code __metadata__}
   * @throws IllegalArgumentException if a tensor is of a block type or transposed
   * @throws CheckpointException if it cannot be written
   */
  public static void write(
      Path path, Map<String, CheckpointTensor> tensors, Map<String, String> metadata) {
    SafetensorsWriter.write(path, tensors, metadata);
  }
}
