package dev.lethe.backend.opencl;

import dev.lethe.DeviceException;
import dev.lethe.InputException;
import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.backend.Tolerance;
import dev.lethe.network.Graph;
import dev.lethe.network.LstmShape;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * Measures which kernels and tiles run LSTM layers fastest on one OpenCL device, and in which
 * chunks two stacked ones, and keeps that for sessions. Not for use by several threads.
 */
public final class Tuning {
  /** Steps that are held against the reference: the first, and both halves of what alternates. */
  private static final int CHECKED_STEPS = 3;

  private static final int MOST_CHECKED_SEQUENCES = 8;

  /** Floating-point operations that the reference may take for a layer: a second or so. */
  private static final double MOST_CHECKED_OPERATIONS = 1e9;

  /** A choice that takes so much longer than the best is not timed further. */
  private static final double HOPELESS = 2;

  /**
   * A choice whose first steps take so much longer is not run to the end. What comes before the
   * steps counts in these few, and may take several times as long as they do.
   */
  private static final double FAR_TOO_LONG = 20;

  private static final double SAMPLE_MS = 20;
  private static final double MOST_RUN_MS = 2000;
  private static final int SAMPLES = 5;

  /**
   * Every output of a network in double precision, by name: the reference that choices are held
   * against.
   */
  public interface Reference {
    /** Runs it. */
    Map<String, double[]> outputs(Graph graph, Map<String, Tensor> inputs);
  }

  /**
   * What was found for a layer, or two.
   *
   * @param layer its sizes
   * @param kernel the fastest, and its tiles; empty if nothing ran
   * @param milliseconds of a run with it
   * @param usualMilliseconds of a run with what would be taken without tuning
   * @param tried how many choices were tried
   * @param faults of those that do not build or compute something else
   */
  public record Found(
      LstmShape layer,
      Optional<String> kernel,
      double milliseconds,
      double usualMilliseconds,
      int tried,
      List<String> faults) {}

  private final Discovery.Found device;
  private final OpenClPlan plan;
  private final Reference reference;
  private TunedLayers found = TunedLayers.NONE;

  /**
   * For a device.
   *
   * @param id as in {@code opencl:0.0}
   * @param precision of the products
   * @throws DeviceException when there is no such device
   */
  public Tuning(String id, Precision precision, Reference reference) {
    this.device =
        Discovery.run().found().stream()
            .filter(found -> found.device().id().equals(id))
            .findFirst()
            .orElseThrow(() -> new DeviceException("device " + id + " has gone; take another one"));
    this.plan = OpenClPlan.of(device.facts(), precision);
    this.reference = reference;
  }

  /** The file that sessions look into. */
  public static Path userFile() {
    return TuningFile.ofUser().path();
  }

  /**
   * Says early whether {@link #keep} could work; makes the user's own folder if it is not there.
   *
   * @throws InputException when it could not
   */
  public static void check(Path file) {
    TuningFile target = new TuningFile(file);
    if (file.equals(userFile())) {
      Path folder = file.toAbsolutePath().getParent();
      try {
        PrivateFolder.create(Objects.requireNonNull(folder));
      } catch (IOException e) {
        throw new InputException(folder + ": cannot be made: " + e.getMessage(), e);
      }
    }
    target.check();
  }

  /** How many choices there are for a layer, or at most for two. */
  public int choices(LstmShape layer) {
    return layer.layers() == 1 ? Tuner.trials(plan, LayerSizes.of(layer)) : Tuner.mostPairTrials();
  }

  /**
   * Tries all of them.
   *
   * @param layer of one layer, or of two with one direction, each of which should have been tried
   *     before; its other sizes may be any
   * @param progress is told of each choice that has been tried
   */
  public Found tune(LstmShape layer, Runnable progress) {
    return layer.layers() == 1 ? tuneLayer(layer, progress) : tunePair(layer, progress);
  }

  private Found tuneLayer(LstmShape layer, Runnable progress) {
    LayerSizes sizes = LayerSizes.of(layer);
    Trials trials = new Trials(layer);
    Tuner.Result<LayerChoice> result = Tuner.tune(plan, sizes, trials, tried -> progress.run());
    result
        .best()
        .ifPresent(
            best -> {
              double time = best.outcome().milliseconds();
              found =
                  found.with(TunedLayers.Entry.of(sizes, plan.precision(), best.choice(), time));
            });
    return found(layer, result, Tuning::text);
  }

  private Found tunePair(LstmShape layers, Runnable progress) {
    LayerSizes lower = LayerSizes.of(layers);
    OpenClPlan tuned = plan.withTuned(found);
    PairTrials trials = new PairTrials(layers, tuned);
    Tuner.Result<Optional<Wavefront>> result =
        Tuner.tunePair(tuned, lower, trials, tried -> progress.run());
    result
        .best()
        .ifPresent(
            best -> {
              double time = best.outcome().milliseconds();
              found = found.with(TunedLayers.Pair.of(lower, plan.precision(), best.choice(), time));
            });
    return found(layers, result, Tuning::text);
  }

  private static <C> Found found(
      LstmShape layer, Tuner.Result<C> result, Function<C, String> text) {
    List<String> faults = new ArrayList<>();
    for (Tuner.Tried<C> tried : result.tried()) {
      tried.outcome().fault().ifPresent(why -> faults.add(text.apply(tried.choice()) + ": " + why));
    }
    return new Found(
        layer,
        result.best().map(best -> text.apply(best.choice())),
        result.best().map(best -> best.outcome().milliseconds()).orElse(Double.NaN),
        result.usual().outcome().milliseconds(),
        result.tried().size(),
        faults);
  }

  /**
   * Adds what has been found to a file.
   *
   * @return how many layers and pairs of layers
   * @throws InputException when it cannot be written
   */
  public int keep(Path file) {
    new TuningFile(file).add(device.facts(), found);
    return found.entries().size() + found.pairs().size();
  }

  private static String text(LayerChoice choice) {
    return text(choice.recurrence()) + ", product " + choice.product().numbers();
  }

  private static String text(Optional<Wavefront> choice) {
    return choice
        .map(w -> text(w.recurrence()) + ", wavefront of " + w.lag() + " steps")
        .orElse("one layer after the other");
  }

  private static String text(Recurrence recurrence) {
    return recurrence.kernel() + " " + recurrence.numbers();
  }

  /** Opens a session under a plan for a trial; what the device refuses is the choice's fault. */
  private Tuner.Outcome attempt(
      Graph graph, OpenClPlan candidate, Function<OpenClSession, Tuner.Outcome> trial) {
    ProgramCache cache = ProgramCache.inUserFolder();
    try (OpenClSession session = OpenClSession.open(graph, device, candidate, cache, "")) {
      Tuner.Outcome outcome = trial.apply(session);
      return outcome.fault().isPresent() || session.persistentUsable()
          ? outcome
          : Tuner.Outcome.fault("work-groups waited for each other in vain");
    } catch (DeviceException e) {
      return Tuner.Outcome.fault(String.valueOf(e.getMessage()));
    }
  }

  private static Tensor y(OpenClSession session, Tensor x) {
    return Objects.requireNonNull(session.run(Map.of("x", x)).get("y"), "y");
  }

  /** Of the session's last run. */
  private static Tuner.Outcome timed(OpenClSession session, double best) {
    double once = session.milliseconds(1, 1);
    if (once > HOPELESS * best || once > MOST_RUN_MS) {
      return Tuner.Outcome.time(once);
    }
    int repeats = (int) Math.max(1, Math.min(100, SAMPLE_MS / Math.max(once, 1e-3)));
    return Tuner.Outcome.time(session.milliseconds(SAMPLES, repeats));
  }

  /** Builds, checks and times choices for one layer on the device. */
  private final class Trials implements Tuner.Trial<LayerChoice> {
    private final LstmShape layer;
    private final Graph graph;
    private final Tensor x;
    private final Tensor checkedX;
    private final int[] checked;
    private final double[] expected;
    private final Tolerance tolerance;

    Trials(LstmShape layer) {
      this.layer = layer;
      this.graph = layer.network();
      this.x = layer.input();
      int steps = Math.min(CHECKED_STEPS, layer.steps());
      this.checkedX = slice(x, steps, layer.batch(), sequences(layer.batch(), layer.batch()));
      double each = layer.operations() / layer.steps() / layer.batch() * steps;
      int most =
          (int) Math.max(2, Math.min(MOST_CHECKED_SEQUENCES, MOST_CHECKED_OPERATIONS / each));
      this.checked = sequences(layer.batch(), most);
      Tensor some = slice(checkedX, steps, layer.batch(), checked);
      this.expected =
          Objects.requireNonNull(reference.outputs(graph, Map.of("x", some)).get("y"), "y");
      Map<String, Integer> sizes = Map.of("time", steps, "batch", layer.batch());
      this.tolerance = Tolerance.of(graph, sizes, plan.precision());
    }

    @Override
    public Tuner.Outcome run(LayerChoice choice, double best) {
      return attempt(
          graph,
          plan.only(choice),
          session -> fault(session).map(Tuner.Outcome::fault).orElseGet(() -> time(session, best)));
    }

    /** What is wrong with the first steps. */
    Optional<String> fault(OpenClSession session) {
      Tensor y = y(session, checkedX);
      Tensor some = slice(y, checkedX.dimension(0), layer.batch(), checked);
      Tolerance.Worst worst = tolerance.check(expected, some.toFloatArray());
      return worst.passes() ? Optional.empty() : Optional.of("wrong, " + worst);
    }

    private Tuner.Outcome time(OpenClSession session, double best) {
      double estimate = session.milliseconds(1, 1) * layer.steps() / checkedX.dimension(0);
      if (estimate > FAR_TOO_LONG * best || estimate > MOST_RUN_MS) {
        return Tuner.Outcome.time(estimate);
      }
      y(session, x);
      return timed(session, best);
    }
  }

  /** Builds, checks and times how two stacked layers can run. */
  private final class PairTrials implements Tuner.Trial<Optional<Wavefront>> {
    private final LstmShape layers;
    private final OpenClPlan tuned;
    private final Trials both;
    private float[] expected = {};

    /**
     * @param tuned the plan for each layer alone
     */
    PairTrials(LstmShape layers, OpenClPlan tuned) {
      this.layers = layers;
      this.tuned = tuned;
      this.both = new Trials(layers);
    }

    @Override
    public Tuner.Outcome run(Optional<Wavefront> choice, double best) {
      if (expected.length == 0) {
        Tuner.Outcome apart = attempt(both.graph, with(Optional.empty()), this::expect);
        if (apart.fault().isPresent()) {
          return apart;
        }
      }
      return attempt(
          both.graph,
          with(choice),
          session ->
              Arrays.equals(expected, y(session, both.x).toFloatArray())
                  ? timed(session, best)
                  : Tuner.Outcome.fault("wrong, not the bits of one layer after the other"));
    }

    /** Of one layer after the other; no chunk changes a bit of it. */
    private Tuner.Outcome expect(OpenClSession session) {
      Optional<String> fault = both.fault(session);
      expected = fault.isEmpty() ? y(session, both.x).toFloatArray() : expected;
      return fault.map(Tuner.Outcome::fault).orElseGet(() -> Tuner.Outcome.time(0));
    }

    private OpenClPlan with(Optional<Wavefront> choice) {
      LayerSizes lower = LayerSizes.of(layers);
      return tuned.withTuned(
          tuned.tuned().with(TunedLayers.Pair.of(lower, plan.precision(), choice, 0)));
    }
  }

  /** So many of them at most, spread evenly, the first and the last among them. */
  static int[] sequences(int batch, int most) {
    int count = Math.min(batch, most);
    int[] chosen = new int[count];
    for (int k = 0; k < count; k++) {
      chosen[k] = count == 1 ? 0 : (int) ((long) k * (batch - 1) / (count - 1));
    }
    return chosen;
  }

  /** The first steps of some sequences of a tensor [T, B, width]. */
  private static Tensor slice(Tensor whole, int steps, int batch, int[] sequences) {
    int width = whole.dimension(2);
    float[] values = new float[steps * sequences.length * width];
    FloatBuffer from = whole.floats();
    int to = 0;
    for (int step = 0; step < steps; step++) {
      for (int sequence : sequences) {
        from.get((step * batch + sequence) * width, values, to, width);
        to += width;
      }
    }
    return Tensor.of(values, steps, sequences.length, width);
  }
}
