package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.device.Devices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuneCommandTest {
  private static final String CACHE = "heed.opencl.cache";

  @TempDir private Path folder;
  private String before;

  @BeforeEach
  void ownCache() {
    before = System.getProperty(CACHE);
    System.setProperty(CACHE, folder.toString());
  }

  @AfterEach
  void usersCache() {
    if (before == null) {
      System.clearProperty(CACHE);
    } else {
      System.setProperty(CACHE, before);
    }
  }

  @Test
  void aModelsKernelsAreTunedAndTheResultIsInUse() throws IOException {
    assumeTrue(hasOpenCl(), "no OpenCL device");
    Path model = TinyLlama.write(Files.createDirectory(folder.resolve("model")));
    JsonNode root =
        Cli.run(
                "tune",
                "--device",
                "opencl:0",
                "--model",
                model.toString(),
                "--candidates",
                "2",
                "--json")
            .json();
    assertEquals("opencl:0", root.path("device").asText());
    List<String> kernels = new ArrayList<>();
    for (JsonNode choice : root.path("choices")) {
      kernels.add(choice.path("kernels").asText());
      assertEquals(0, choice.path("skipped").size(), choice.toString());
      assertTrue(choice.path("millisChosen").asDouble() > 0, choice.toString());
      assertEquals(choice.path("before").size(), choice.path("chosen").size());
    }
    assertTrue(kernels.contains("elements"), kernels.toString());
    assertTrue(kernels.size() >= 2, kernels.toString());
    assertTrue(Files.isRegularFile(Path.of(root.path("file").asText())), root.toString());
    JsonNode devices = Cli.run("devices", "--json").json().path("devices");
    devices.forEach(
        d -> {
          if (d.path("id").asText().equals("opencl:0")) {
            assertEquals("heed tune", d.path("tuning").asText());
          }
        });
  }

  @Test
  void whatCannotBeTunedSaysWhatCan() {
    Cli.run("tune", "--device", "cpu").fails(Main.USAGE, "OpenCL devices have");
    Cli.run("tune", "--device", "cuda:99").fails(Main.FAILURE, "cuda:99");
    Cli.run("tune", "--candidates", "0").fails(Main.USAGE, "--candidates 0");
    Cli.run("tune", "--device", "cpu", "--model", "nowhere").fails(Main.USAGE, "OpenCL devices");
  }

  private static boolean hasOpenCl() {
    return !Devices.discover().get("opencl").devices().isEmpty();
  }
}
