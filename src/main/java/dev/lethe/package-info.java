/**
 * The public door: load a trained LSTM network, open a session on a device, run batches of tensors
 * through it.
 *
 * <pre>{@code
 * Network network = Network.load(Path.of("model.onnx"));
 * try (Session session = network.open(Options.defaults())) {
 *   Map<String, Tensor> outputs = session.run(Map.of("x", Tensor.of(values, batch, steps, features)));
 * }
 * }</pre>
 *
 * <table>
 * <caption>What to reach for</caption>
 * <tr><th>for</th><th>there is</th></tr>
 * <tr><td>a batch of whole sequences</td><td>{@link dev.lethe.Session#run(java.util.Map)}</td></tr>
 * <tr><td>the activations of all gates</td><td>{@link dev.lethe.Session#trace}</td></tr>
 * <tr><td>sequences that go on and on</td><td>{@link dev.lethe.Stream}</td></tr>
 * <tr><td>a device of one's own choice</td><td>{@link dev.lethe.Options}, {@link dev.lethe.Lethe#devices}</td></tr>
 * <tr><td>what a model takes and gives</td><td>{@link dev.lethe.Network#inputs}, {@link dev.lethe.Port}</td></tr>
 * </table>
 *
 * <p>Everything that Lethe throws on purpose is a {@link dev.lethe.LetheException} of one line:
 * what is wrong, where, and what would be right. A {@link dev.lethe.ModelFormatException} is about
 * the file, an {@link dev.lethe.InputException} about what the caller hands in, a {@link
 * dev.lethe.DeviceException} about the device.
 *
 * <p>Everything here is either a value ({@link dev.lethe.Tensor}, {@link dev.lethe.Shape}, {@link
 * dev.lethe.Options}, {@link dev.lethe.Device}, {@link dev.lethe.Trace}) or an interface that the
 * inner packages implement; {@link dev.lethe.Lethe} finds those through {@link
 * java.util.ServiceLoader}, so this package depends on none of them.
 */
@NullMarked
package dev.lethe;

import org.jspecify.annotations.NullMarked;
