/**
 * Weights as files hold them: safetensors, GGUF and ONNX initialisers, mapped and never copied. The
 * files are not trusted: every length and offset is checked against the file before use, and what
 * is wrong is one line that names the file and the tensor or key.
 */
package dev.heed.checkpoint;
