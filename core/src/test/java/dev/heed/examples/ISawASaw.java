package dev.heed.examples;

import dev.heed.HiddenStates;
import dev.heed.TextEncoder;
import dev.heed.device.Device;
import dev.heed.device.Devices;

/**
 * One word, two vectors. In "I saw a saw" both are the same word; their positions make them differ
 * a little, and their context makes one a verb and the other a tool.
 */
final class ISawASaw extends Example {
  private static final int FIRST = 2; // [CLS] i saw a saw [SEP]
  private static final int SECOND = 4;

  public static void main(String[] args) {
    main(new ISawASaw());
  }

  @Override
  void run() {
    try (Device device = Devices.best();
        TextEncoder encoder = miniLm(device);
        HiddenStates both = encoder.hiddenStates("I saw a saw");
        HiddenStates verb = encoder.hiddenStates("I noticed a bird");
        HiddenStates tool = encoder.hiddenStates("I bought a hammer")) {
      print("\"I saw a saw\", cosines of the 1st and the 2nd saw:");
      print("           with each   1st to    2nd to    1st to    2nd to");
      print("layers     other       noticed   noticed   hammer    hammer");
      for (int state = 0; state < both.states(); state++) {
        float[] first = both.vector(state, FIRST);
        float[] second = both.vector(state, SECOND);
        float[] noticed = verb.vector(state, FIRST);
        float[] hammer = tool.vector(state, SECOND);
        print(
            "%-9d %8.2f %11.2f %9.2f %9.2f %9.2f",
            state,
            cosine(first, second),
            cosine(first, noticed),
            cosine(second, noticed),
            cosine(first, hammer),
            cosine(second, hammer));
      }
    }
  }
}
