package dev.heed.checkpoint;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Fuzzes the index of sharded safetensors; its shards are never there. As a plain test it runs the
 * seeds. This fuzzes for a minute:
 *
 * <pre>
 * JAZZER_FUZZ=1 mvn -pl core -am test -Djazzer.hooks=true \
 *     -Dtest=SafetensorsIndexFuzzTest -Dsurefire.failIfNoSpecifiedTests=false
 * </pre>
 */
class SafetensorsIndexFuzzTest {
  @MethodSource("seeds")
  @FuzzTest(maxDuration = "1m")
  void reads(byte[] bytes) {
    Readers.survives(bytes, Safetensors::ofIndex);
  }

  static Stream<byte[]> seeds() {
    return Stream.of(
            "{\"metadata\":{\"total_size\":4},\"weight_map\":{\"a.b\":\"x-1.safetensors\"}}",
            "{\"weight_map\":{\"a\":\"../x\"}}",
            "{\"weight_map\":{}}",
            "[1]")
        .map(text -> new Bytes().text(text).toArray());
  }
}
