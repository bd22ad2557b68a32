/**
 * What is computed: a graph of stages in topological order, each an immutable record with its
 * weights, shapes checked once when it is made. No arithmetic here; backends do that.
 */
@NullMarked
package dev.lethe.network;

import org.jspecify.annotations.NullMarked;
