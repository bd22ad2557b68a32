package dev.lethe.backend.opencl;

/**
 * How one layer runs.
 *
 * @param product of the input projection; of no use where that runs on matrix units
 * @param recurrence of the steps
 * @param tuned whether it was measured rather than predicted
 */
record LayerChoice(ProductTile product, Recurrence recurrence, boolean tuned) {}
