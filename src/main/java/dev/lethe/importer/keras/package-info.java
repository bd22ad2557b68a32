/**
 * Keras models, of Keras 1 to 3, become networks. Gate order, biases and the layers' many settings
 * are converted here. Nothing in a file is ever executed.
 */
@NullMarked
package dev.lethe.importer.keras;

import org.jspecify.annotations.NullMarked;
