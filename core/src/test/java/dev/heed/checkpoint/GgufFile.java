package dev.heed.checkpoint;

import java.util.ArrayList;
import java.util.List;

/** Builds GGUF files, valid unless a field says otherwise. */
final class GgufFile {
  String magic = "GGUF";
  int version = 3;
  long tensorCount = -1; // the true one
  long pairCount = -1;
  int alignment = 32;
  boolean withData = true;

  private final List<byte[]> pairs = new ArrayList<>();
  private final List<Tensor> tensors = new ArrayList<>();

  record Tensor(String name, long[] dims, int type, long offset, byte[] data) {}

  /** A pair of a type by its number in the file. */
  GgufFile pair(String key, int type, Bytes value) {
    pairs.add(new Bytes().string(key).i32(type).raw(value.toArray()).toArray());
    return this;
  }

  /** An array of entries of a type by its number. */
  GgufFile array(String key, int type, long count, Bytes entries) {
    return pair(key, 9, new Bytes().i32(type).i64(count).raw(entries.toArray()));
  }

  GgufFile string(String key, String value) {
    return pair(key, 8, new Bytes().string(value));
  }

  GgufFile u32(String key, long value) {
    return pair(key, 4, new Bytes().i32(value));
  }

  /** Dimensions fastest first, as in the file; the offset is the next aligned one. */
  GgufFile tensor(String name, int type, Bytes data, long... dims) {
    long at = 0;
    for (Tensor t : tensors) {
      at = t.offset + (t.data.length + alignment - 1) / alignment * alignment;
    }
    return tensorAt(at, name, type, data, dims);
  }

  GgufFile tensorAt(long offset, String name, int type, Bytes data, long... dims) {
    tensors.add(new Tensor(name, dims, type, offset, data.toArray()));
    return this;
  }

  byte[] toArray() {
    Bytes out = new Bytes().text(magic).i32(version);
    out.i64(tensorCount < 0 ? tensors.size() : tensorCount);
    out.i64(pairCount < 0 ? pairs.size() : pairCount);
    pairs.forEach(out::raw);
    for (Tensor t : tensors) {
      out.string(t.name).i32(t.dims.length);
      for (long d : t.dims) {
        out.i64(d);
      }
      out.i32(t.type).i64(t.offset);
    }
    if (!tensors.isEmpty()) {
      out.pad(alignment);
    }
    if (withData) {
      tensors.forEach(t -> out.raw(t.data).pad(alignment));
    }
    return out.toArray();
  }
}
