package dev.lethe.job;

import dev.lethe.InputException;
import dev.lethe.Network;
import java.util.List;
import java.util.Optional;

/**
 * What a job that was killed has left beside files which a run without chunks is about to write.
 * Were it to stay, {@code --resume} would go on with it later and replace what is newer.
 */
public final class Leftovers implements AutoCloseable {
  private final Parts parts;
  private final Optional<Journal> journal;

  private Leftovers(Parts parts, Optional<Journal> journal) {
    this.parts = parts;
    this.journal = journal;
  }

  /**
   * Holds what there is, so that no job goes on with it meanwhile.
   *
   * @param network whose outputs the targets have
   * @param targets one or more
   * @throws InputException when another process is writing them
   */
  public static Leftovers hold(Network network, List<Target> targets) {
    Parts parts = new Parts(network, targets, port -> 0);
    return new Leftovers(parts, Journal.take(parts.journal()));
  }

  /** Deletes it. */
  public void delete() {
    journal.ifPresent(
        left -> {
          parts.delete();
          left.delete();
        });
  }

  @Override
  public void close() {
    journal.ifPresent(Journal::close);
  }
}
