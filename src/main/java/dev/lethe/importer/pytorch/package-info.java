/**
 * PyTorch state dictionaries in files of torch.save and safetensors. Gate order and biases are
 * converted here and nowhere further in.
 */
@NullMarked
package dev.lethe.importer.pytorch;

import org.jspecify.annotations.NullMarked;
