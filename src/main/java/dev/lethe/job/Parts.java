package dev.lethe.job;

import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Port;
import dev.lethe.Tensor;
import dev.lethe.io.ArraySource;
import dev.lethe.io.CsvFile;
import dev.lethe.io.NpyPart;
import dev.lethe.io.Npz;
import dev.lethe.io.WholeFiles;
import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The outputs while they are being made: beside each file that is to appear, a hidden one for each
 * array in it. All are moved to their places when everything is done.
 */
final class Parts implements AutoCloseable {
  private final List<Target> targets;
  private final List<Port> ports;
  private final List<Open> open = new ArrayList<>();
  private final Function<Port, Integer> rowAxis;
  private Function<Port, int[]> shape = port -> new int[0];

  private record Open(Port port, NpyPart part) {}

  /**
   * @param rowAxis of an output as it is written: the axis that counts rows of a CSV
   */
  Parts(Network network, List<Target> targets, Function<Port, Integer> rowAxis) {
    this.targets = targets;
    this.rowAxis = rowAxis;
    Set<String> names = new LinkedHashSet<>();
    targets.forEach(target -> names.addAll(target.outputs()));
    this.ports = network.outputs().stream().filter(port -> names.contains(port.name())).toList();
  }

  /** Names of the outputs that go anywhere. */
  Set<String> wanted() {
    return ports.stream().map(Port::name).collect(Collectors.toSet());
  }

  /** The outputs that go anywhere. */
  List<Port> ports() {
    return ports;
  }

  /** Says how large the whole arrays are. */
  void shape(Function<Port, int[]> wholeShape) {
    shape = wholeShape;
  }

  /** The journal's place. */
  Path journal() {
    return beside(targets.get(0).file(), "journal");
  }

  /** Makes the files, or opens those that an earlier process left. */
  void open(boolean again) {
    for (Target target : targets) {
      for (String name : target.outputs()) {
        Port port = port(name);
        Path file = array(target, name);
        int[] whole = shape.apply(port);
        NpyPart part =
            again
                ? NpyPart.reopen(file, port.type(), whole)
                : NpyPart.create(file, port.type(), whole);
        open.add(new Open(port, part));
      }
    }
  }

  /** Writes a piece of an output, wherever it goes. */
  void write(Port port, int axis, int first, Tensor piece) {
    for (Open each : open) {
      if (each.port().equals(port)) {
        each.part().write(axis, first, piece);
      }
    }
  }

  /** Waits until everything written is on the disk. */
  void force() {
    open.forEach(each -> each.part().force());
  }

  /** Makes the archives and texts out of the arrays, still beside their places. */
  void pack() {
    for (Target target : targets) {
      if (target.isArchive()) {
        Map<String, Path> arrays = new LinkedHashMap<>();
        target.outputs().forEach(name -> arrays.put(name, array(target, name)));
        write(target, out -> Npz.pack(out, arrays));
      } else if (target.isCsv()) {
        String name = target.outputs().get(0);
        try (ArraySource source = ArraySource.npy(array(target, name))) {
          write(target, out -> CsvFile.write(out, source, rowAxis.apply(port(name))));
        }
      }
    }
  }

  /** Moves everything to its place; what an earlier process has moved is there already. */
  void move() {
    close();
    for (Target target : targets) {
      Path whole = beside(target.file(), "part");
      try {
        if (Files.exists(whole, LinkOption.NOFOLLOW_LINKS)) {
          WholeFiles.move(whole, target.file());
        }
      } catch (IOException e) {
        throw unwritable(target, e);
      }
    }
  }

  /** Deletes what is left beside the places. */
  void delete() {
    close();
    List<Path> left = new ArrayList<>();
    for (Target target : targets) {
      left.add(beside(target.file(), "part"));
      target.outputs().forEach(name -> left.add(array(target, name)));
    }
    for (Path file : left) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        System.getLogger("dev.lethe").log(System.Logger.Level.WARNING, file + " is left behind", e);
      }
    }
  }

  @Override
  public void close() {
    open.forEach(each -> each.part().close());
    open.clear();
  }

  private Port port(String name) {
    return ports.stream().filter(port -> port.name().equals(name)).findFirst().orElseThrow();
  }

  private static void write(Target target, WholeFiles.Content content) {
    Path file = beside(target.file(), "part");
    try {
      Files.deleteIfExists(file);
      Files.createFile(file);
      try (FileOutputStream raw = new FileOutputStream(file.toFile());
          OutputStream out = new BufferedOutputStream(raw, 1 << 16)) {
        content.write(out);
        out.flush();
        raw.getFD().sync();
      }
    } catch (IOException e) {
      throw unwritable(target, e);
    }
  }

  /** By number, not by name: names come from the model's file. */
  private static Path array(Target target, String name) {
    boolean alone = !target.isArchive() && !target.isCsv();
    return beside(target.file(), alone ? "part" : target.outputs().indexOf(name) + ".part");
  }

  private static Path beside(Path file, String suffix) {
    return file.toAbsolutePath().resolveSibling("." + file.getFileName() + "." + suffix);
  }

  private static InputException unwritable(Target target, IOException e) {
    String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return new InputException(target.file() + ": cannot be written: " + reason, e);
  }
}
