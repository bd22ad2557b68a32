package dev.lethe.job;

/** Who is told how a job gets on, from the job's own threads. */
public interface Listener {
  /** So many sequences are done. */
  void done(int sequences);

  /** Something went wrong that the job gets over. */
  void warn(String what);
}
