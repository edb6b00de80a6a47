package dev.heed.generate;

import dev.heed.device.CommandQueue;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;

/** Records embeddings and the output of each layer. */
final class StateRecorder extends Recorder {
  private final CommandQueue queue;

  StateRecorder(CommandQueue queue, Census census, Arena results) {
    super(census, results);
    this.queue = queue;
  }

  @Override
  public void hiddenState(Stage stage, Tensor x) {
    queue.download(x, next(stage));
  }

  @Override
  Shape host(Shape device) {
    return device;
  }

  @Override
  Map<Stage, Recorded> finish() {
    queue.synchronize();
    return super.finish();
  }
}
