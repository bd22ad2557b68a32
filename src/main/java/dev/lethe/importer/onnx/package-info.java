/**
 * ONNX files. A graph is run once in the abstract: what is constant is folded, shape arithmetic is
 * done on named sizes, and the rest becomes stages of a network. Gate order and biases are
 * converted here and nowhere further in.
 */
@NullMarked
package dev.lethe.importer.onnx;

import org.jspecify.annotations.NullMarked;
