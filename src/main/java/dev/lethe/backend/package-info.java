/**
 * What every backend shares: the contract, the choice among them, the checking of a run's inputs
 * and the meaning of the stages that only move data. The arithmetic is in the packages below.
 */
@NullMarked
package dev.lethe.backend;

import org.jspecify.annotations.NullMarked;
