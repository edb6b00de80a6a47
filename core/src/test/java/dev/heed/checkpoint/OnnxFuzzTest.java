package dev.heed.checkpoint;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Fuzzes the reader of ONNX initialisers. As a plain test it runs the seeds. This fuzzes for a
 * minute, one class a run:
 *
 * <pre>
 * JAZZER_FUZZ=1 mvn -pl core -am test -Djazzer.hooks=true \
 *     -Dtest=OnnxFuzzTest -Dsurefire.failIfNoSpecifiedTests=false
 * </pre>
 */
class OnnxFuzzTest {
  @MethodSource("seeds")
  @FuzzTest(maxDuration = "1m")
  void reads(byte[] bytes) {
    Readers.survives(bytes, OnnxInitializers::of);
  }

  static Stream<byte[]> seeds() {
    Bytes packed = OnnxFile.header("b", 1, 2).field(4, Bytes.floats(1, 2).toArray());
    Bytes external =
        OnnxFile.header("c", 1, 2)
            .field(13, new Bytes().field(1, "location").field(2, "x.data").toArray())
            .field(14, 1);
    return Stream.of(
        new OnnxFile()
            .node("MatMul", "/layer.0/query/MatMul", "x", "onnx::MatMul_1")
            .initializer(OnnxFile.tensor("onnx::MatMul_1", 1, new byte[24], 2, 3))
            .initializer(OnnxFile.tensor("ids", 7, new byte[8], 1))
            .initializer(packed)
            .toArray(),
        new OnnxFile().initializer(external).toArray());
  }
}
