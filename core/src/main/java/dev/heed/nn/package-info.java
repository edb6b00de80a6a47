/**
 * The blocks of Transformers. Where "Attention Is All You Need" (Vaswani et al. 2017) has them:
 *
 * <table>
 * <caption>Sections of the paper and their classes</caption>
 * <tr><td>3.1 encoder and decoder stacks</td><td>{@link dev.heed.nn.Encoder}, {@link
 *     dev.heed.nn.EncoderLayer}, {@link dev.heed.nn.Decoder}, {@link
 *     dev.heed.nn.DecoderLayer}</td></tr>
 * <tr><td>3.1 residual connections and norms</td><td>{@link dev.heed.nn.AddNorm}, {@link
 *     dev.heed.nn.Norm}</td></tr>
 * <tr><td>3.2.1 scaled dot-product attention</td><td>{@link
 *     dev.heed.nn.ScaledDotProductAttention}, {@link dev.heed.nn.DenseAttention} for plain tensors;
 *     {@link dev.heed.nn.AdditiveAttention} to compare</td></tr>
 * <tr><td>3.2.2 multi-head attention</td><td>{@link dev.heed.nn.MultiHeadAttention}, {@link
 *     dev.heed.nn.Heads}</td></tr>
 * <tr><td>3.2.3 encoder-decoder attention</td><td>{@link dev.heed.nn.CrossAttention}</td></tr>
 * <tr><td>3.3 position-wise feed-forward networks</td><td>{@link
 *     dev.heed.nn.FeedForward}</td></tr>
 * <tr><td>3.4 embeddings and softmax</td><td>{@link dev.heed.nn.Embedding}, {@link
 *     dev.heed.nn.Linear}</td></tr>
 * <tr><td>3.5 positional encoding</td><td>{@link dev.heed.nn.PositionalEncoding}, {@link
 *     dev.heed.nn.Sinusoids}; later: {@link dev.heed.nn.Rotary}, {@link
 *     dev.heed.nn.Alibi}</td></tr>
 * <tr><td>5.4 dropout</td><td>{@link dev.heed.nn.Dropout}</td></tr>
 * </table>
 *
 * <p>A block holds its weights and issues ops; it computes nothing itself. Activations are rows of
 * ragged batches, [T, hidden]: T tokens of all sequences, one behind the other, without padding.
 * The residual stream is F32; what products and attention read is of the workspace's compute type.
 * {@link dev.heed.nn.Loader} reads weights, {@link dev.heed.nn.KvCache} and {@link
 * dev.heed.nn.CrossCache} keep keys and values.
 */
package dev.heed.nn;
