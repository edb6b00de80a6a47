package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jocl.CL;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

/** Where a device's tuning comes from, and that kernels get it. */
class TuningTest {
  static final List<String> PRIORS = Priors.NAMES;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "gpu, 'Advanced Micro Devices, Inc.', gfx1100, amd-rdna",
    "gpu, AMD, 'AMD Radeon RX 7900 XTX (radeonsi, navi31, LLVM 17.0.6)', amd-rdna",
    "gpu, 'Advanced Micro Devices, Inc.', gfx942:sramecc+:xnack-, ",
    "gpu, Intel(R) Corporation, Intel(R) Arc(TM) A770 Graphics, intel-arc",
    "gpu, Intel(R) Corporation, Intel(R) UHD Graphics 770, intel-xe",
    "gpu, NVIDIA Corporation, NVIDIA GeForce RTX 4090, nvidia",
    "gpu, QUALCOMM, Adreno(TM) 740, ",
    "cpu, AuthenticAMD, pthread-AMD EPYC, cpu-amd",
    "cpu, Intel(R) Corporation, Intel(R) Arc(TM) of a processor, cpu",
  })
  void priorsAreOfTheDevicesKind(String type, String vendor, String name, String expected) {
    ClDevice device = device(type.equals("cpu"), vendor, name, 1024);
    assertEquals(Optional.ofNullable(expected), Priors.of(device).map(Priors::name));
  }

  @ParameterizedTest
  @FieldSource("PRIORS")
  void priorsOfAFileGoTogether(String name) {
    Priors priors = Priors.read(name);
    assertFalse(priors.values().isEmpty());
    boolean cpu = priors.type().equals("cpu");
    assertTrue(cpu || priors.type().equals("gpu"), priors.type());
    Tuning tuning = Tuning.defaults().with(priors.values(), name);
    ClDevice device = device(cpu, "any", "any", cpu ? 4096 : 256);
    for (Tunable.Group group : Tunable.Group.values()) {
      assertTrue(group.fits(tuning, device), group.toString());
    }
  }

  @Test
  void defaultsAreLegalAndKeysDiffer() {
    Set<String> keys = new java.util.HashSet<>();
    for (Tunable t : Tunable.values()) {
      assertEquals(t.standard(), t.parse(Integer.toString(t.standard())), t.key());
      assertTrue(keys.add(t.key()), t.key());
      assertEquals(t, Tunable.of(t.key()));
    }
  }

  @Test
  void aWeakDeviceGetsWhatItCanDo() {
    ClDevice weak = device(false, "any", "any", 32);
    Tuning tuning = Tuning.defaults().fitting(weak, Family.LOCAL);
    assertTrue(tuning.get(Tunable.ROWS_LANES) <= 32);
    assertTrue(tuning.get(Tunable.ELEMENTS_GROUP) <= 32);
    assertEquals(Tunable.MATMUL_ROWS.standard(), tuning.get(Tunable.MATMUL_ROWS));
  }

  @Test
  void whatIsStoredIsReadAgainForTheSameDeviceOnly() throws IOException {
    ClDevice device = device(false, "NVIDIA", "GeForce", 1024);
    TuningFile file = new TuningFile(folder, device, Family.LOCAL);
    assertEquals(Optional.empty(), file.read());
    Map<Tunable, Integer> values = Map.of(Tunable.MATMUL_ROWS, 8, Tunable.ROWS_LANES, 128);
    file.write(values);
    assertEquals(Optional.of(values), file.read());

    Options options = Options.fromProperties().withCache(folder).withTuning("");
    Tuning tuning = Tuning.of(device, options.withFamily(Family.LOCAL));
    assertEquals("heed tune", tuning.origin());
    assertEquals(8, tuning.get(Tunable.MATMUL_ROWS));
    assertEquals(256, tuning.get(Tunable.ELEMENTS_GROUP), "of the priors");
    assertEquals(
        Tunable.PANELS_TILE_ROWS.standard(), tuning.get(Tunable.PANELS_TILE_ROWS), "default");

    ClDevice other = device(false, "NVIDIA", "Tesla", 1024);
    assertEquals(Optional.empty(), new TuningFile(folder, other, Family.LOCAL).read());
    assertNotEquals(file.path(), new TuningFile(folder, device, Family.CPU).path());
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "2"})
  void whatIsDamagedIsIgnored(int damage) throws IOException {
    ClDevice device = device(false, "NVIDIA", "GeForce", 1024);
    TuningFile file = new TuningFile(folder, device, Family.LOCAL);
    file.write(Map.of(Tunable.MATMUL_ROWS, 8));
    String text = Files.readString(file.path());
    Files.writeString(
        file.path(),
        switch (damage) {
          case 0 -> "";
          case 1 -> text.replace("ROWS=8", "ROWS=4");
          default -> text.substring(0, text.length() - 3);
        });
    assertEquals(Optional.empty(), file.read());
    Options options = Options.fromProperties().withCache(folder).withTuning("");
    assertEquals("priors of nvidia", Tuning.of(device, options.withFamily(Family.LOCAL)).origin());
  }

  @Test
  void kernelsGetTheValuesOfTheirFamily() {
    Tuning tuning = Tuning.defaults().with(Map.of(Tunable.ROWS_LANES, 128), "test");
    assertEquals(" -DLANES=128", tuning.defines(Entry.NORM, Family.LOCAL));
    assertEquals("", tuning.defines(Entry.NORM, Family.CPU));
    assertEquals(" -DITEMS=8", tuning.defines(Entry.MATMUL_NK, Family.CPU), "launches give ROWS");
    assertEquals(
        " -DTILE_ROWS=96 -DTILE_PANELS=12 -DSUBNORMALS=0",
        tuning.defines(Entry.MATMUL_PANELS, Family.CPU));
  }

  /** The device works with other values than the usual, and says where they are from. */
  @ParameterizedTest
  @CsvSource({"LOCAL, 'rows.LANES=16,elements.GROUP=128'", "CPU, elements.GROUP=16"})
  void aPropertyHasTheLastWord(Family family, String values) {
    Options options = Options.fromProperties().withFamily(family).withTuning(values);
    try (OpenClDevice device = Drivers.open(options)) {
      assertEquals("heed.opencl.tuning", device.tuning().origin());
      assertEquals(7, ProgramsTest.sum(device, 3.5f));
    }
  }

  @ParameterizedTest
  @CsvSource({"matmul.NOTHING=1", "rows.LANES=3", "rows.LANES", "rows.LANES=x"})
  void aPropertyThatMakesNoSenseIsOneLine(String values) {
    ClDevice device = device(false, "any", "any", 1024);
    Options options = Options.fromProperties().withTuning(values);
    String said =
        assertThrows(IllegalArgumentException.class, () -> Tuning.of(device, options)).getMessage();
    assertEquals(1, said.lines().count(), said);
    assertTrue(said.startsWith("tuning: "), said);
  }

  static ClDevice device(
      boolean cpu, String vendor, String name, long groupSize, String... extensions) {
    long type = cpu ? CL.CL_DEVICE_TYPE_CPU : CL.CL_DEVICE_TYPE_GPU;
    return new ClDevice(
        null,
        null,
        "platform",
        "1.0",
        "OpenCL 1.2",
        vendor,
        name,
        type,
        1L << 33,
        1L << 31,
        cpu,
        groupSize,
        extensions.length == 0 ? 0 : 16,
        32 << 10,
        8,
        256,
        true,
        Set.of(extensions));
  }
}
