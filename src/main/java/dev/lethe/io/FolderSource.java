package dev.lethe.io;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Files of one folder that are pieces of one array. One of them is open at a time. */
final class FolderSource implements ArraySource {
  private static final Pattern NUMBER = Pattern.compile("\\d+");

  /** A file and where it begins on the axis. */
  private record Part(Path file, int first, int count) {}

  private final List<Part> parts;
  private final int axis;
  private final Tensor.Type type;
  private final int[] shape;
  private int openPart = -1;
  private Optional<NpySource> open = Optional.empty();

  private FolderSource(List<Part> parts, int axis, Tensor.Type type, int[] shape) {
    this.parts = parts;
    this.axis = axis;
    this.type = type;
    this.shape = shape;
  }

  static FolderSource open(Path folder, int axis) {
    List<Path> files = files(folder);
    List<Part> parts = new ArrayList<>();
    long total = 0;
    Tensor.Type type = Tensor.Type.FLOAT32;
    int[] shape = {};
    for (Path file : files) {
      try (NpySource part = NpySource.open(file)) {
        int[] own = part.shape();
        if (own.length <= axis) {
          throw new InputException(file + ": has " + own.length + " axes, too few to be a part");
        }
        int count = own[axis];
        own[axis] = 0;
        if (!parts.isEmpty() && (part.type() != type || !Arrays.equals(own, shape))) {
          throw new InputException(
              file + ": does not fit " + files.get(0) + " in its type or its other axes");
        }
        type = part.type();
        shape = own;
        parts.add(new Part(file, (int) total, count));
        total += count;
        if (total > Integer.MAX_VALUE) {
          throw new InputException(folder + ": more than " + Integer.MAX_VALUE + " sequences");
        }
      }
    }
    shape[axis] = (int) total;
    return new FolderSource(List.copyOf(parts), axis, type, shape);
  }

  /**
   * The parts, as {@link ArraySource#folder} orders them.
   *
   * @throws InputException when there are none
   */
  static List<Path> files(Path folder) {
    try (Stream<Path> all = Files.list(folder)) {
      List<Path> files =
          all.filter(file -> file.toString().endsWith(".npy") && Files.isRegularFile(file))
              .filter(file -> !file.getFileName().toString().startsWith("."))
              .sorted(Comparator.comparing(FolderSource::byValue).thenComparing(Path::getFileName))
              .collect(Collectors.toList());
      if (files.isEmpty()) {
        throw new InputException(folder + ": there is no .npy file in this folder");
      }
      return files;
    } catch (IOException e) {
      throw Npy.unreadable(folder, e);
    }
  }

  /** The name with its numbers as wide as any, so that part-10 comes after part-9. */
  private static String byValue(Path file) {
    return NUMBER
        .matcher(file.getFileName().toString())
        .replaceAll(
            number -> "0".repeat(Math.max(0, 20 - number.group().length())) + number.group());
  }

  @Override
  public Tensor.Type type() {
    return type;
  }

  @Override
  public int[] shape() {
    return shape.clone();
  }

  @Override
  public boolean isRandom() {
    return true;
  }

  @Override
  public void read(int cut, int first, Tensor target) {
    if (cut != axis) {
      throw new IllegalArgumentException("cut along axis " + cut + ", opened for " + axis);
    }
    int end = first + target.dimension(axis);
    for (int k = 0; k < parts.size(); k++) {
      Part part = parts.get(k);
      int from = Math.max(first, part.first());
      int to = Math.min(end, part.first() + part.count());
      if (from == first && to == end) {
        source(k).read(axis, from - part.first(), target);
        return;
      } else if (from < to) {
        int[] piece = target.shape();
        piece[axis] = to - from;
        Tensor read =
            axis == 0
                ? Pieces.cut(target, 0, from - first, to - from)
                : Tensor.allocate(type, piece);
        source(k).read(axis, from - part.first(), read);
        if (axis != 0) {
          Pieces.copy(read, 0, target, from - first, axis, to - from);
        }
      }
    }
  }

  private NpySource source(int part) {
    if (part != openPart) {
      close();
      open = Optional.of(NpySource.open(parts.get(part).file()));
      openPart = part;
    }
    return open.orElseThrow();
  }

  @Override
  public void close() {
    open.ifPresent(NpySource::close);
    open = Optional.empty();
    openPart = -1;
  }
}
