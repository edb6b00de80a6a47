package dev.heed.checkpoint;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Fuzzes the safetensors reader. As a plain test it runs the seeds. This fuzzes for a minute, one
 * class a run:
 *
 * <pre>
 * JAZZER_FUZZ=1 mvn -pl core -am test -Djazzer.hooks=true \
 *     -Dtest=SafetensorsFuzzTest -Dsurefire.failIfNoSpecifiedTests=false
 * </pre>
 */
class SafetensorsFuzzTest {
  @MethodSource("seeds")
  @FuzzTest(maxDuration = "1m")
  void reads(byte[] bytes) {
    Readers.survives(bytes, Safetensors::of);
  }

  static Stream<byte[]> seeds() {
    String one = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}";
    String more =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"b\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[4,12]},"
            + "\"a\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[0,2]},"
            + "\"c\":{\"dtype\":\"I8\",\"shape\":[2,1,1],\"data_offsets\":[2,4]}}  ";
    return Stream.of(
        Readers.safetensorsFile(one, new byte[24]),
        Readers.safetensorsFile(one, new byte[23]),
        Readers.safetensorsFile(more, new byte[12]),
        Readers.safetensorsFile("{}", new byte[0]));
  }
}
