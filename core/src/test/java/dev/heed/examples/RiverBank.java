package dev.heed.examples;

import dev.heed.HiddenStates;
import dev.heed.TextEncoder;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import java.util.stream.IntStream;

/**
 * A word's meaning is its company. "bank" is the same vector in both sentences when it comes in,
 * being the same word at the same place; layer by layer, attention mixes its company into it.
 */
final class RiverBank extends Example {
  static final String RIVER = "Tom is going to fish at the river bank.";
  static final String SAVINGS = "Tom is going to pay at the savings bank.";

  public static void main(String[] args) {
    main(new RiverBank());
  }

  @Override
  void run() {
    try (Device device = Devices.best();
        TextEncoder encoder = miniLm(device);
        HiddenStates river = encoder.hiddenStates(RIVER);
        HiddenStates savings = encoder.hiddenStates(SAVINGS)) {
      print("How like is \"bank\" (cosine) ...");
      print("A: %s  B: %s", RIVER, SAVINGS);
      print("layers    A to B   A to river  A to fish   B to river  B to fish");
      for (int state = 0; state < river.states(); state++) {
        float[] a = vector(river, state, "bank");
        float[] b = vector(savings, state, "bank");
        float[] water = vector(river, state, "river");
        float[] fish = vector(river, state, "fish");
        print(
            "%-9d %6.2f %11.2f %10.2f %12.2f %10.2f",
            state,
            cosine(a, b),
            cosine(a, water),
            cosine(a, fish),
            cosine(b, water),
            cosine(b, fish));
      }
    }
  }

  static float[] vector(HiddenStates states, int state, String word) {
    int token =
        IntStream.range(0, states.tokens().size())
            .filter(i -> states.tokens().get(i).text().equals(word))
            .findFirst()
            .orElseThrow();
    return states.vector(state, token);
  }
}
