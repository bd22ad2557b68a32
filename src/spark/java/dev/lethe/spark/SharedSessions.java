package dev.lethe.spark;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The sessions of this executor process: one for each model and set of options, opened by the first
 * task that needs it and kept for the next ones. Safe for all threads; a session's own lock lets
 * the tasks' batches in one at a time.
 */
final class SharedSessions {
  /** How many sessions stay open that no task uses; a pipeline rarely has more networks. */
  private static final int IDLE = 4;

  private record Key(String digest, Options options) {}

  /** In the order of their last use. */
  private static final Map<Key, Lease> LEASES = new LinkedHashMap<>();

  private static int opened;

  private SharedSessions() {}

  /**
   * A session to share, until {@link Lease#release}.
   *
   * @throws dev.lethe.LetheException when the model cannot be read or the device cannot run
   */
  static synchronized Lease acquire(ModelFiles model, Options options) {
    Key key = new Key(model.digest(), options);
    Lease lease = LEASES.remove(key);
    if (lease == null) {
      Network network = model.load();
      lease = new Lease(network.open(options));
      opened++;
    }
    LEASES.put(key, lease);
    lease.users++;
    return lease;
  }

  /** {@return how many sessions this process has opened} */
  static synchronized int opened() {
    return opened;
  }

  private static synchronized void release(Lease released) {
    released.users--;
    if (released.users == 0 && !LEASES.containsValue(released)) {
      released.session.close();
    }
    long idle = LEASES.values().stream().filter(lease -> lease.users == 0).count();
    Iterator<Lease> oldest = LEASES.values().iterator();
    while (idle > IDLE && oldest.hasNext()) {
      Lease lease = oldest.next();
      if (lease.users == 0) {
        oldest.remove();
        lease.session.close();
        idle--;
      }
    }
  }

  private static synchronized void abandon(Lease lease) {
    LEASES.values().remove(lease);
  }

  /** A session and the number of tasks that use it. */
  static final class Lease {
    private final Session session;
    private int users;

    private Lease(Session session) {
      this.session = session;
    }

    Session session() {
      return session;
    }

    /** Lets go; the session may close, now or later. Once for each {@link #acquire}. */
    void release() {
      SharedSessions.release(this);
    }

    /** After the device failed: the next task opens a new session. */
    void abandon() {
      SharedSessions.abandon(this);
    }
  }
}
