/**
 * Networks on this machine's processor: {@code cpu}, the fast path in single precision on all
 * threads, and {@code cpu:scalar}, the reference in double precision that every other device is
 * held against.
 */
@NullMarked
package dev.lethe.backend.cpu;

import org.jspecify.annotations.NullMarked;
