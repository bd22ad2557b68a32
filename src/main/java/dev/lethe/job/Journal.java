package dev.lethe.job;

import dev.lethe.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a job is and what of it is done, a line for each, in a file that only grows. Everything that
 * a line speaks of is on the disk before the line is. A last line without its end was cut off by a
 * kill and does not count.
 *
 * <pre>
 *   lethe journal 1
 *   ...            what the job is: it must be the same for the job to be continued
 *   begin
 *   done 0 4096    sequences by their places in the order of the work: first, count
 *   moving         all is done, and the files are on their way to their places
 * </pre>
 */
final class Journal implements AutoCloseable {
  private static final String TITLE = "lethe journal 1";
  private static final String BEGIN = "begin";
  private static final String MOVING = "moving";
  private static final String DONE = "done ";
  private static final int MOST_BYTES = 1 << 28;

  private final Path file;
  private final FileChannel channel;
  private final int sequences;
  private final TreeMap<Integer, Integer> endByFirst = new TreeMap<>();
  private boolean continued;
  private boolean moving;

  private Journal(Path file, FileChannel channel, int sequences) {
    this.file = file;
    this.channel = channel;
    this.sequences = sequences;
  }

  /**
   * Begins a journal, or goes on with the one that is there.
   *
   * @param identity what the job is, a line for each fact
   * @param resume whether to go on; where there is nothing to go on from, the job begins
   * @throws InputException when another process has it, or it is another job's
   */
  static Journal open(Path file, List<String> identity, int sequences, boolean resume) {
    try {
      FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              LinkOption.NOFOLLOW_LINKS);
      Journal journal = new Journal(file, channel, sequences);
      try {
        journal.lock();
        journal.begin(identity.stream().map(Journal::oneLine).toList(), resume);
        return journal;
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /**
   * Takes hold of the journal that is there, if there is one, whatever job's it is.
   *
   * @throws InputException when another process has it
   */
  static Optional<Journal> take(Path file) {
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
      Journal journal = new Journal(file, channel, 0);
      try {
        journal.lock();
        return Optional.of(journal);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /** Whether an earlier process began the job. */
  boolean isContinued() {
    return continued;
  }

  /** Whether all is done but for the moving of files. */
  boolean isMoving() {
    return moving;
  }

  /** What is not done: first place and the one after the last, in order. */
  List<int[]> left() {
    List<int[]> left = new ArrayList<>();
    int place = 0;
    for (Map.Entry<Integer, Integer> range : endByFirst.entrySet()) {
      if (range.getKey() > place) {
        left.add(new int[] {place, range.getKey()});
      }
      place = Math.max(place, range.getValue());
    }
    if (place < sequences) {
      left.add(new int[] {place, sequences});
    }
    return left;
  }

  /** How many sequences are done. */
  int count() {
    return sequences - left().stream().mapToInt(range -> range[1] - range[0]).sum();
  }

  /** Sequences whose results are on the disk: first place and the one after the last. */
  void done(List<int[]> ranges) {
    StringBuilder lines = new StringBuilder();
    for (int[] range : ranges) {
      lines.append(DONE).append(range[0]).append(' ').append(range[1] - range[0]).append('\n');
      endByFirst.merge(range[0], range[1], Math::max);
    }
    append(lines.toString());
  }

  /** All results are on the disk. */
  void moving() {
    append(MOVING + "\n");
    moving = true;
  }

  /** Everything is in its place, or nothing is to be kept. */
  void delete() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private void lock() throws IOException {
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      throw new InputException(file + ": another run is writing this output; wait for it");
    }
  }

  private void begin(List<String> identity, boolean resume) throws IOException {
    List<String> there = resume ? lines() : List.of();
    int begin = there.indexOf(BEGIN);
    if (begin < 0) {
      channel.truncate(0);
      try {
        append(TITLE + "\n" + String.join("\n", identity) + "\n" + BEGIN + "\n");
      } catch (InputException e) {
        delete(); // nobody could go on from what there is of it
        throw e;
      }
      return;
    }
    check(there.subList(0, begin), identity);
    continued = true;
    there.subList(begin + 1, there.size()).forEach(this::read);
  }

  /** Whole lines; what a kill left of one is cut off. */
  private List<String> lines() throws IOException {
    if (channel.size() > MOST_BYTES) {
      throw damaged("it is too large");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) channel.size());
    while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) >= 0) {}
    int end = bytes.position();
    while (end > 0 && bytes.get(end - 1) != '\n') {
      end--;
    }
    channel.truncate(end);
    return new String(bytes.array(), 0, end, StandardCharsets.UTF_8).lines().toList();
  }

  private void check(List<String> there, List<String> identity) {
    if (there.isEmpty() || !there.get(0).equals(TITLE)) {
      throw damaged("it begins with something else");
    }
    List<String> facts = there.subList(1, there.size());
    for (int k = 0; k < Math.max(facts.size(), identity.size()); k++) {
      String was = k < facts.size() ? facts.get(k) : "nothing";
      String is = k < identity.size() ? identity.get(k) : "nothing";
      if (!was.equals(is)) {
        throw new InputException(
            "--resume: the job has changed: it has '"
                + is
                + "', and had '"
                + was
                + "'; leave out --resume to begin again");
      }
    }
  }

  private void read(String line) {
    if (line.equals(MOVING)) {
      moving = true;
      return;
    }
    try {
      String[] words = line.split(" ", -1);
      int first = Integer.parseInt(words[1]);
      int end = Math.addExact(first, Integer.parseInt(words[2]));
      if (!line.startsWith(DONE) || words.length != 3 || first < 0 || end <= first) {
        throw damaged(line);
      }
      if (end > sequences) {
        throw damaged(line);
      }
      endByFirst.merge(first, end, Math::max);
    } catch (ArithmeticException | ArrayIndexOutOfBoundsException | NumberFormatException e) {
      throw damaged(line);
    }
  }

  private void append(String text) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      long at = channel.size();
      while (bytes.hasRemaining()) {
        at += channel.write(bytes, at);
      }
      channel.force(true);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private InputException damaged(String why) {
    return new InputException(
        file + ": not a journal, or a damaged one: " + why + "; leave out --resume to begin again");
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  private static InputException unwritable(Path file, IOException e) {
    String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return new InputException(file + ": cannot be written: " + reason, e);
  }
}
