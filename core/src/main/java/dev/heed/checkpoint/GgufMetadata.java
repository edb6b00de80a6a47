package dev.heed.checkpoint;

import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The key-value pairs of a GGUF file, read where they are asked for; valid until the {@link Gguf}
 * closes. A getter without a default fails with a line that names file and key where the key is
 * absent or of another type.
 */
public final class GgufMetadata {
  /** Most entries of one array that a getter puts on the heap. */
  private static final long MAX_ENTRIES = 1L << 26;

  /** Value types by their number in the file ({@code enum gguf_type}). */
  private enum Type {
    U8(1),
    I8(1),
    U16(2),
    I16(2),
    U32(4),
    I32(4),
    F32(4),
    BOOL(1),
    STRING(0),
    ARRAY(0),
    U64(8),
    I64(8),
    F64(8);

    final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }

    boolean isInteger() {
      return switch (this) {
        case U8, I8, U16, I16, U32, I32, U64, I64 -> true;
        default -> false;
      };
    }

    boolean isFloat() {
      return this == F32 || this == F64;
    }
  }

  /**
   * @param array false: one element
   * @param at offset of the first element in the file
   */
  private record Value(Type type, boolean array, long count, long at) {
    @Override
    public String toString() {
      return array ? "an array of " + count + " " + type : type.toString();
    }
  }

  private final MappedFile file;
  private final Map<String, Value> values;

  private GgufMetadata(MappedFile file, Map<String, Value> values) {
    this.file = file;
    this.values = values;
  }

  /** Reads past {@code count} pairs. */
  static GgufMetadata read(GgufReader in, long count) {
    Map<String, Value> values = new LinkedHashMap<>();
    for (long i = 0; i < count; i++) {
      String key = in.readString(GgufReader.MAX_KEY, "key " + i);
      if (key.isEmpty()) {
        throw in.file().damaged("key %d is empty", i);
      }
      if (values.putIfAbsent(key, readValue(in, key)) != null) {
        throw in.file().damaged("key %s is there twice", key);
      }
    }
    return new GgufMetadata(in.file(), values);
  }

  private static Value readValue(GgufReader in, String key) {
    String what = "the value of key " + key;
    Type type = readType(in, key);
    boolean array = type == Type.ARRAY;
    long count = 1;
    if (array) {
      type = readType(in, key);
      if (type == Type.ARRAY) {
        throw in.file().damaged("key %s is an array of arrays", key);
      }
      count = in.readCount(type == Type.STRING ? 8 : type.bytes, "the entries of key " + key);
    } else if (in.remaining() < type.bytes) {
      throw in.file().damaged("it ends within %s", what);
    }
    Value value = new Value(type, array, count, in.position());
    if (type == Type.STRING) {
      for (long i = 0; i < count; i++) {
        in.skipString(what);
      }
    } else {
      in.skip(count, type.bytes);
    }
    return value;
  }

  private static Type readType(GgufReader in, String key) {
    int id = in.readInt("the type of key " + key);
    if (id < 0 || id >= Type.values().length) {
      throw in.file().damaged("key %s has type %d, which GGUF does not know", key, id);
    }
    return Type.values()[id];
  }

  /** All keys in the file's order. */
  public Set<String> keys() {
    return Collections.unmodifiableSet(values.keySet());
  }

  /** True if the key is there, of any type. */
  public boolean has(String key) {
    return values.containsKey(key);
  }

  /** {@code general.architecture}: llama, qwen2, gpt2, bert, ... */
  public Optional<String> architecture() {
    return has("general.architecture")
        ? Optional.of(string("general.architecture"))
        : Optional.empty();
  }

  /** A string. */
  public String string(String key) {
    Value v = scalar(key, Type.STRING == type(key), "a string");
    return text(key, v.at);
  }

  /** A string, or {@code otherwise} where the key is absent. */
  public String string(String key, String otherwise) {
    return has(key) ? string(key) : otherwise;
  }

  /** An integer of any width that fits 64 bits signed. */
  public long i64(String key) {
    Value v = scalar(key, type(key).isInteger(), "an integer");
    return integer(key, v.type, v.at);
  }

  /** An integer, or {@code otherwise} where the key is absent. */
  public long i64(String key, long otherwise) {
    return has(key) ? i64(key) : otherwise;
  }

  /** A floating-point number, F64 rounded to F32. */
  public float f32(String key) {
    Value v = scalar(key, type(key).isFloat(), "a floating-point number");
    return real(v.type, v.at);
  }

  /** A floating-point number, or {@code otherwise} where the key is absent. */
  public float f32(String key, float otherwise) {
    return has(key) ? f32(key) : otherwise;
  }

  /** A truth value: any byte but 0 is true. */
  public boolean bool(String key) {
    Value v = scalar(key, type(key) == Type.BOOL, "a truth value");
    return file.bytes().get(ValueLayout.JAVA_BYTE, v.at) != 0;
  }

  /** A truth value, or {@code otherwise} where the key is absent. */
  public boolean bool(String key, boolean otherwise) {
    return has(key) ? bool(key) : otherwise;
  }

  /** True if the key is there and is one U32. */
  boolean isU32(String key) {
    Value v = values.get(key);
    return v != null && v.type == Type.U32 && !v.array;
  }

  /** True if the key is there and is an array. */
  public boolean isArray(String key) {
    return has(key) && values.get(key).array;
  }

  /** An array of strings. */
  public String[] strings(String key) {
    Value v = array(key, type(key) == Type.STRING, "strings");
    String[] out = new String[(int) v.count];
    long at = v.at;
    for (int i = 0; i < out.length; i++) {
      out[i] = text(key, at);
      at += 8 + file.longAt(at);
    }
    return out;
  }

  /** An array of integers of any width. */
  public long[] i64s(String key) {
    Value v = array(key, type(key).isInteger(), "integers");
    long[] out = new long[(int) v.count];
    for (int i = 0; i < out.length; i++) {
      out[i] = integer(key, v.type, v.at + (long) i * v.type.bytes);
    }
    return out;
  }

  /** An array of floating-point numbers, F64 rounded to F32. */
  public float[] f32s(String key) {
    Value v = array(key, type(key).isFloat(), "floating-point numbers");
    float[] out = new float[(int) v.count];
    for (int i = 0; i < out.length; i++) {
      out[i] = real(v.type, v.at + (long) i * v.type.bytes);
    }
    return out;
  }

  /** An array of truth values. */
  public boolean[] bools(String key) {
    Value v = array(key, type(key) == Type.BOOL, "truth values");
    boolean[] out = new boolean[(int) v.count];
    for (int i = 0; i < out.length; i++) {
      out[i] = file.bytes().get(ValueLayout.JAVA_BYTE, v.at + i) != 0;
    }
    return out;
  }

  /** An array of bytes (U8 or I8). */
  public byte[] bytes(String key) {
    Value v = array(key, type(key) == Type.U8 || type(key) == Type.I8, "bytes");
    return file.slice(v.at, v.count).toArray(ValueLayout.JAVA_BYTE);
  }

  private Type type(String key) {
    Value v = values.get(key);
    if (v == null) {
      throw new CheckpointException(
          file.path(), "no metadata key " + key + "; is it a GGUF of the architecture you want?");
    }
    return v.type;
  }

  private Value scalar(String key, boolean fits, String wanted) {
    Value v = values.get(key);
    if (!fits || v.array) {
      throw mismatch(key, v, wanted);
    }
    return v;
  }

  private Value array(String key, boolean fits, String wanted) {
    Value v = values.get(key);
    if (!fits || !v.array || v.count > MAX_ENTRIES) {
      throw mismatch(key, v, "an array of at most " + MAX_ENTRIES + " " + wanted);
    }
    return v;
  }

  private CheckpointException mismatch(String key, Value v, String wanted) {
    return new CheckpointException(
        file.path(), "metadata key %s is %s, expected %s".formatted(key, v, wanted));
  }

  private String text(String key, long at) {
    return file.text(at + 8, file.longAt(at), "metadata key " + key).toString();
  }

  private long integer(String key, Type type, long at) {
    byte first = file.bytes().get(ValueLayout.JAVA_BYTE, at);
    return switch (type) {
      case U8 -> first & 0xff;
      case I8 -> first;
      case U16 -> Short.toUnsignedInt(file.shortAt(at));
      case I16 -> file.shortAt(at);
      case U32 -> Integer.toUnsignedLong(file.intAt(at));
      case I32 -> file.intAt(at);
      case U64 -> {
        if (file.longAt(at) < 0) {
          throw new CheckpointException(
              file.path(), "metadata key " + key + " does not fit 64 bits signed");
        }
        yield file.longAt(at);
      }
      case I64 -> file.longAt(at);
      default -> throw new IllegalStateException("not an integer: " + type);
    };
  }

  private float real(Type type, long at) {
    return type == Type.F32
        ? Float.intBitsToFloat(file.intAt(at))
        : (float) Double.longBitsToDouble(file.longAt(at));
  }
}
