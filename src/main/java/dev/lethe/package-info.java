/**
 * The public door: load a trained LSTM network, open a session on a device, run batches of tensors
 * through it.
 *
 * <p>Everything here is either a value ({@link dev.lethe.Tensor}, {@link dev.lethe.Shape}, {@link
 * dev.lethe.Options}, {@link dev.lethe.Device}) or an interface that the inner packages implement;
 * {@link dev.lethe.Lethe} finds those through {@link java.util.ServiceLoader}, so this package
 * depends on none of them.
 */
@NullMarked
package dev.lethe;

import org.jspecify.annotations.NullMarked;
