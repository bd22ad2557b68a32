package dev.lethe.job;

/**
 * What is to be done, as a row of sequences in an order of the work's own. Reading and writing may
 * go on beside each other, each in one thread.
 */
interface Work {
  /** Number of sequences. */
  int sequences();

  /** How many sequences from place {@code first} on make a chunk, at least 1. */
  int chunk(int first);

  /** Fills the slot's inputs and makes its outputs, for the sequences that it names. */
  void read(Slot slot);

  /** Which sequences those are, for people. */
  String where(Slot slot);

  /** Puts the slot's outputs in their places. */
  void write(Slot slot);
}
