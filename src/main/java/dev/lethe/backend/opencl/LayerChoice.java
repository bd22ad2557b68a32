package dev.lethe.backend.opencl;

/**
 * How one layer runs.
 *
 * @param product of the input projection
 * @param recurrence of the steps
 * @param tuned whether it was measured rather than predicted
 */
record LayerChoice(ProjectionTile product, Recurrence recurrence, boolean tuned) {}
