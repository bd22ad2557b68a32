/**
 * Runs networks on OpenCL devices: the only package that knows JOCL. One host class per kernel
 * file, one plan per session; handles are owned by exactly one object each.
 */
@NullMarked
package dev.lethe.backend.opencl;

import org.jspecify.annotations.NullMarked;
