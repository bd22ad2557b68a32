/**
 * Benchmarks: whole inferences, weights and inputs seeded, outputs checked once before anything is
 * timed.
 */
@NullMarked
package dev.lethe.bench;

import org.jspecify.annotations.NullMarked;
