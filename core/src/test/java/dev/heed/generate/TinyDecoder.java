package dev.heed.generate;

import dev.heed.TestDevice;
import dev.heed.TinyModel;
import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.Weights;
import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.model.DecoderModel;
import dev.heed.model.ModelFiles;
import dev.heed.nn.Loader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/** A small random Llama on the device of the tests, for sessions to be opened on. */
record TinyDecoder(Device device, Arena arena, DecoderModel model) implements AutoCloseable {
  private static final int CONTEXT = 64;

  /** Writes the model into an empty folder and loads it. */
  static TinyDecoder load(Path folder) throws IOException {
    TinyModel.llama(folder).write();
    Device device = TestDevice.open();
    Arena arena = Arena.ofShared();
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        CommandQueue queue = device.openQueue(1 << 20, arena)) {
      Loader loader = new Loader(Weights.of(checkpoint), queue, arena, n -> {});
      DecoderModel model =
          ModelFiles.decoder(ModelFiles.config(folder, checkpoint), loader, CONTEXT);
      queue.synchronize();
      return new TinyDecoder(device, arena, model);
    }
  }

  @Override
  public void close() {
    arena.close();
    device.close();
  }
}
