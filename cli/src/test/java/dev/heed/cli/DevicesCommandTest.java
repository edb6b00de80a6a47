package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DevicesCommandTest {
  @Test
  void jsonNamesEveryProviderOnce() throws IOException {
    JsonNode root = Cli.run("devices", "--json").json();
    JsonNode cpu = root.path("devices").path(0);
    assertEquals("cpu", cpu.path("id").asText());
    assertEquals("CPU", cpu.path("kind").asText());
    assertEquals("f32", cpu.path("computeTypes").path(0).asText());
    assertTrue(cpu.path("memoryBytes").asLong() > 1 << 20, cpu.toString());
    Set<String> found = new HashSet<>();
    root.path("devices").forEach(d -> found.add(d.path("provider").asText()));
    for (String provider : new String[] {"cuda", "opencl"}) {
      String why = root.path("unavailable").path(provider).asText();
      assertEquals(found.contains(provider), why.isBlank(), root.toString());
    }
  }

  @Test
  void textSaysTheSame() {
    String out = Cli.run("devices").ok().out();
    assertTrue(out.startsWith("cpu "), out);
    for (String provider : new String[] {"cuda", "opencl"}) {
      boolean there = out.contains("\n" + provider + ":0");
      boolean why = out.contains("\n%-10s unavailable: ".formatted(provider));
      assertTrue(there != why, out);
    }
  }

  @Test
  void aDeviceThatIsNotThereIsOneLineWithTheReasons() {
    Cli.run("bench", "op", "norm", "--device", "cuda").fails(Main.FAILURE, "no cuda (");
    Cli.run("bench", "op", "norm", "--device", "cpu:7").fails(Main.FAILURE, "'cpu:7'");
    Cli.run("bench", "op", "norm", "--device", "abacus").fails(Main.FAILURE, "'abacus'");
  }
}
