package dev.heed.device.cpu;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceException;
import dev.heed.device.Recording;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Executes each op at once, on all of the device's threads. */
final class CpuQueue implements CommandQueue {
  private final CpuDevice device;
  private final MoveKernels moves;
  private final StoreKernel store;
  private final QkvKernel qkv;
  private final Broadcast broadcast;
  private final Elementwise elementwise;
  private final RowKernels.Norms norms;
  private final RowKernels.Ropes ropes;
  private final RowKernels.Softmaxes softmaxes;
  private final RowKernels.Pools pools;
  private final TopKRows topK;
  private final SampleRows sample;
  private final MatMulKernel matmul;
  private final AttentionKernel attention;
  private final AttentionMap attentionMap;

  CpuQueue(CpuDevice device, DeviceBuffer scratch) {
    this.device = device;
    long address = scratch.handle().address();
    moves = new MoveKernels(device);
    store = new StoreKernel(device);
    qkv = new QkvKernel(device);
    broadcast = new Broadcast(device);
    elementwise = new Elementwise(device);
    norms = new RowKernels.Norms(device);
    ropes = new RowKernels.Ropes(device);
    softmaxes = new RowKernels.Softmaxes(device);
    pools = new RowKernels.Pools(device);
    topK = new TopKRows(device);
    sample = new SampleRows(device, address);
    matmul = new MatMulKernel(device, address);
    attention = new AttentionKernel(device, address);
    attentionMap = new AttentionMap(device, address);
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public void execute(Op op) {
    switch (op) {
      case Op.Copy o -> moves.execute(o);
      case Op.Fill o -> moves.execute(o);
      case Op.Cast o -> moves.execute(o);
      case Op.Gather o -> moves.execute(o);
      case Op.StoreRows o -> store.execute(o);
      case Op.QkvRopeStore o -> qkv.execute(o);
      case Op.Add o -> broadcast.execute(o);
      case Op.Mul o -> broadcast.execute(o);
      case Op.Activate o -> elementwise.execute(o);
      case Op.Dropout o -> elementwise.execute(o);
      case Op.Norm o -> norms.execute(o);
      case Op.AddNorm o -> norms.execute(o);
      case Op.Rope o -> ropes.execute(o);
      case Op.Softmax o -> softmaxes.execute(o);
      case Op.Pool o -> pools.execute(o);
      case Op.TopK o -> topK.execute(o);
      case Op.Sample o -> sample.execute(o);
      case Op.MatMul o -> matmul.execute(o);
      case Op.Linear o -> matmul.execute(o);
      case Op.GatedLinear o -> matmul.execute(o);
      case Op.Attention o -> {
        if (o.weights().isPresent()) {
          attentionMap.execute(o);
        } else {
          attention.execute(o);
        }
      }
      default ->
          throw new DeviceException.Unsupported("cpu: no kernel for " + op.name() + " on " + op);
    }
  }

  @Override
  public void upload(MemorySegment host, Tensor to) {
    transfer(host, to, true);
  }

  @Override
  public void download(Tensor from, MemorySegment host) {
    transfer(host, from, false);
  }

  /** Copies between dense bytes and a row-major tensor, row by row if it has gaps. */
  private void transfer(MemorySegment host, Tensor t, boolean up) {
    if (host.byteSize() != t.byteSize()) {
      throw new IllegalArgumentException(
          "cpu: %s has %d bytes, the host memory %d".formatted(t, t.byteSize(), host.byteSize()));
    }
    if (t.layout() != Layout.ROW_MAJOR) {
      if (up) {
        throw new IllegalArgumentException("cpu: %s is in the device's own layout".formatted(t));
      }
      new PanelRows(device.panels().layout()).of(t).download(host);
      return;
    }
    DType type = t.dtype();
    MemorySegment memory = t.buffer().handle();
    long rows = t.isDense() ? 1 : t.shape().dim(0);
    long bytes = t.isDense() ? t.byteSize() : type.bytes(t.shape().rowElements());
    long stride = t.isDense() ? 0 : type.bytes(t.rowStride());
    for (long i = 0; i < rows; i++) {
      long at = t.byteOffset() + i * stride;
      if (up) {
        MemorySegment.copy(host, i * bytes, memory, at, bytes);
      } else {
        MemorySegment.copy(memory, at, host, i * bytes, bytes);
      }
    }
  }

  @Override
  public void synchronize() {
    // Every op has ended when execute returns.
  }

  @Override
  public Recording record(List<Op> ops) {
    return new OpList(this, ops);
  }

  @Override
  public void close() {
    // The scratch belongs to the arena, the threads to the device.
  }
}
