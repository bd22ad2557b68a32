package dev.lethe.cli;

import dev.lethe.Device;
import dev.lethe.InputException;
import dev.lethe.Options;
import dev.lethe.Port;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.io.ArraySource;
import dev.lethe.job.Axes;
import dev.lethe.job.Job;
import dev.lethe.job.Limits;
import dev.lethe.job.Listener;
import dev.lethe.network.Graph;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lethe run} on more than goes through memory at once, or on what takes long. */
final class JobRun {
  private final CommandSpec spec;
  private final Options options;
  private final JobOptions jobOptions;
  private final Path model;
  private final Graph graph;
  private final Map<String, ArrayFile> files;
  private final Outputs outputs;
  private final Optional<ArrayFile> offsets;

  JobRun(
      CommandSpec spec,
      Options options,
      JobOptions jobOptions,
      Path model,
      ModelOptions.Listed listed,
      Outputs outputs) {
    this.spec = spec;
    this.options = options;
    this.jobOptions = jobOptions;
    this.model = model;
    this.graph = listed.graph();
    this.files = listed.inputs();
    this.outputs = outputs;
    this.offsets = jobOptions.offsets().map(file -> ArrayFile.of(ArrayFile.split(file.toString())));
  }

  /**
   * Runs it.
   *
   * @return the exit code
   */
  int call() {
    Map<String, ArraySource> sources = new LinkedHashMap<>();
    try {
      files.forEach((name, file) -> sources.put(name, open(name, file)));
      try (Job job = job(sources)) {
        return call(job);
      }
    } finally {
      sources.values().forEach(ArraySource::close);
    }
  }

  private Job job(Map<String, ArraySource> sources) {
    Limits limits = jobOptions.limits(Sessions.count(options));
    return offsets.isPresent()
        ? Job.flat(graph, sources, offsets(), outputs.targets(), limits)
        : Job.padded(graph, sources, outputs.targets(), limits);
  }

  private int[] offsets() {
    Tensor read =
        offsets
            .orElseThrow()
            .read(new Port("", Tensor.Type.INT32, new Shape(List.of()), false, ""), 0);
    if (read.type() != Tensor.Type.INT32 || read.rank() != 1) {
      throw new InputException("--offsets: must be integers [batch + 1], are " + read);
    }
    return read.toIntArray();
  }

  private int call(Job job) {
    OptionalInt code = FasterJava.run(spec, options, job.operations());
    if (code.isPresent()) {
      return code.getAsInt();
    }
    PrintWriter err = Main.err(spec);
    try (Sessions sessions = Sessions.open(graph, options, warning -> say(err, warning))) {
      List<String> identity = identity(sessions.all(), job.sequences());
      int before = job.begin(identity, jobOptions.isResume());
      sessions.all().forEach(session -> RunCommand.announce(session, job.operations(), err));
      if (before > 0) {
        say(err, before + " of " + job.sequences() + " sequences are done already");
      }
      run(job, sessions.all(), err);
    }
    return ExitCodes.DONE;
  }

  private static void run(Job job, List<Session> sessions, PrintWriter err) {
    try (Progress progress = new Progress("sequences", job.sequences())) {
      job.run(
          sessions,
          new Listener() {
            @Override
            public void done(int sequences) {
              progress.accept(sequences);
            }

            @Override
            public void warn(String what) {
              say(err, what);
            }
          });
    } catch (RuntimeException | Error e) {
      if (job.isWorthKeeping()) {
        say(err, "what is done is kept beside the output; --resume goes on from there");
      }
      throw e;
    }
  }

  private ArraySource open(String name, ArrayFile file) {
    Port port =
        graph.inputs().stream()
            .filter(each -> each.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new InputException(
                        "no input '"
                            + name
                            + "'; there are "
                            + graph.inputs().stream().map(Port::name).toList()));
    Axes axes = Axes.of(graph);
    if (offsets.isPresent()) {
      return file.open(port, axes.flat(port.shape()), axes.rowAxis(port.shape()));
    }
    return file.open(port, port.shape(), axes.batchOf(port.shape()).orElse(0));
  }

  /** What must be the same for a run to be gone on with. */
  private List<String> identity(List<Session> sessions, int sequences) {
    List<String> lines = new ArrayList<>();
    try {
      lines.add("model " + sha256(model));
      for (Path file : besideModel()) {
        lines.add("model " + ArrayFile.identity(file));
      }
    } catch (IOException e) {
      throw new InputException(model + ": cannot be read", e);
    }
    files.forEach(
        (name, file) ->
            file.identity()
                .forEach(
                    line ->
                        lines.add(
                            "input "
                                + name
                                + file.entry().map(entry -> " '" + entry + "'").orElse("")
                                + " "
                                + line)));
    offsets.ifPresent(file -> file.identity().forEach(line -> lines.add("offsets " + line)));
    sessions.forEach(session -> lines.add("device " + identity(session.device())));
    lines.add("precision " + options.precision());
    outputs
        .targets()
        .forEach(target -> lines.add("output " + target.file() + " " + target.outputs()));
    lines.add("sequences " + sequences);
    return lines;
  }

  /** The CPU gives the same bits with any threads and vectors; a driver may change its number. */
  private static String identity(Device device) {
    boolean driver =
        device.kind() == Device.Kind.OPENCL_GPU || device.kind() == Device.Kind.OPENCL_CPU;
    return driver ? device.id() + " (" + device.name() + ")" : device.id();
  }

  /** Files that may belong to the model: those that have its name with another ending. */
  private List<Path> besideModel() throws IOException {
    String name = model.getFileName().toString();
    int dot = name.lastIndexOf('.');
    String stem = name.substring(0, dot < 0 ? name.length() : dot) + ".";
    List<Path> written = outputs.targets().stream().map(t -> t.file().toAbsolutePath()).toList();
    try (Stream<Path> all = Files.list(model.toAbsolutePath().getParent())) {
      return all.filter(file -> file.getFileName().toString().startsWith(stem))
          .filter(file -> !file.getFileName().toString().equals(name))
          .filter(file -> Files.isRegularFile(file) && !written.contains(file))
          .sorted()
          .toList();
    }
  }

  private static String sha256(Path file) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void say(PrintWriter err, String what) {
    err.println("lethe: " + Failures.oneLine(what));
    err.flush();
  }
}
