package dev.heed.tck.golden;

import static dev.heed.tensor.DType.F32;

import dev.heed.device.HostWeight;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tck.Operands;
import dev.heed.tck.golden.GoldenCase.Rule;
import dev.heed.tck.golden.GoldenCase.Run;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** ggml's blocks and the numbers they stand for: {@code golden/quant-vectors}. */
public final class QuantCases {
  /** Against ggml's numbers, summed in F64. */
  private static final double PRODUCT = 1e-10;

  private final Path folder;
  private final DType type;

  private QuantCases(Path folder, DType type) {
    this.folder = folder;
    this.type = type;
  }

  /** Cases for every type of the folder. */
  public static List<GoldenCase> all(Path folder) {
    List<GoldenCase> cases = new ArrayList<>();
    for (String name : types(folder)) {
      if (Arrays.stream(DType.values()).noneMatch(t -> t.name().equals(name))) {
        cases.add(GoldenCase.notApplicable(name, "Heed has no such type"));
        continue;
      }
      QuantCases c = new QuantCases(folder, DType.valueOf(name));
      cases.add(GoldenCase.of(name + ": Cast", c::cast));
      if (c.type == DType.Q8_0) {
        cases.add(GoldenCase.of(name + ": Cast to it", c::castTo));
      }
      for (boolean packed : new boolean[] {false, true}) {
        String how = packed ? ", packed" : ", row-major";
        cases.add(GoldenCase.of(name + ": Gather" + how, o -> c.gather(packed, o)));
        cases.add(
            c.type.isBlock()
                ? GoldenCase.of(name + ": MatMul" + how, o -> c.matmul(packed, o))
                : GoldenCase.notApplicable(
                    name + ": MatMul" + how, "its numbers reach the end of F32: sums overflow"));
      }
    }
    return cases;
  }

  private static List<String> types(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(n -> n.endsWith(".bin") && !n.endsWith(".qout.bin"))
          .map(n -> n.replace(".bin", ""))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] bytes(String extension) {
    try {
      return Files.readAllBytes(folder.resolve(type + extension));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private double[] numbers() {
    MemorySegment raw = MemorySegment.ofArray(bytes(".f32"));
    double[] values = new double[(int) raw.byteSize() / 4];
    Arrays.setAll(values, i -> raw.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i));
    return values;
  }

  /** [N, K] of all elements. */
  private Shape shape(double[] numbers) {
    long k = type.isBlock() ? 256 : 64;
    return Shape.of(numbers.length / k, k);
  }

  private Tensor weight(Shape shape, boolean packed, Operands o) {
    byte[] blocks = bytes(".bin");
    if (!packed) {
      return o.bytes(type, shape, MemorySegment.ofArray(blocks));
    }
    MemorySegment part = Arena.ofAuto().allocate(blocks.length, 64);
    part.copyFrom(MemorySegment.ofArray(blocks));
    return o.packed(new HostWeight(type.name(), List.of(part), shape, type, false, Use.BOTH));
  }

  private Run cast(Operands o) {
    double[] want = numbers();
    Tensor out = o.out(F32, shape(want).toArray());
    return Run.of(new Op.Cast(out, weight(shape(want), false, o)), out, want, Rule.BITS, 0);
  }

  /** To ggml's blocks, which are compared by the numbers they stand for. */
  private Run castTo(Operands o) {
    MemorySegment in = MemorySegment.ofArray(bytes(".qin.f32"));
    MemorySegment blocks = MemorySegment.ofArray(bytes(".qout.bin"));
    int n = (int) (in.byteSize() / 4);
    double[] want = new double[n];
    float[] kept = Quants.dequantize(type, blocks, 0, n);
    Arrays.setAll(want, i -> kept[i]);
    Shape shape = Shape.of(n / 32, 32);
    Tensor out = o.out(type, shape.toArray());
    return Run.of(new Op.Cast(out, o.bytes(F32, shape, in)), out, want, Rule.BITS, 0);
  }

  private Run gather(boolean packed, Operands o) {
    double[] want = numbers();
    Shape shape = shape(want);
    int[] ids = new int[(int) shape.dim(0)];
    Arrays.setAll(ids, i -> i);
    Tensor out = o.out(F32, shape.toArray());
    Op op = new Op.Gather(out, weight(shape, packed, o), o.ints(ids));
    return Run.of(op, out, want, Rule.BITS, 0);
  }

  private Run matmul(boolean packed, Operands o) {
    double[] w = numbers();
    Shape shape = shape(w);
    int n = (int) shape.dim(0);
    int k = (int) shape.dim(1);
    Random random = new Random(5);
    double[] x = new double[3 * k];
    Arrays.setAll(x, i -> (float) random.nextGaussian());
    double[] want = new double[3 * n];
    for (int i = 0; i < want.length; i++) {
      for (int j = 0; j < k; j++) {
        want[i] += x[i / n * k + j] * w[i % n * k + j];
      }
    }
    Tensor out = o.out(F32, 3, n);
    Tensor rows = o.floats(F32, Shape.of(3, k), x);
    Op op = new Op.MatMul(out, rows, weight(shape, packed, o), true);
    return Run.of(op, out, want, Rule.NMSE, PRODUCT);
  }
}
