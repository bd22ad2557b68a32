/**
 * PyTorch state dictionaries in safetensors files. Gate order and biases are converted here and
 * nowhere further in.
 */
@NullMarked
package dev.lethe.importer.pytorch;

import org.jspecify.annotations.NullMarked;
