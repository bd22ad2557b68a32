package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lethe.InputException;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.io.Npy;
import dev.lethe.network.Binary;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Value;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Frames of two numbers, fed to a model that adds them up. */
class FrameCaseTest {
  @TempDir Path folder;

  @BeforeEach
  void record() throws Exception {
    Path frames = Files.createDirectory(folder.resolve("frames"));
    Npy.write(frames.resolve("input.npy"), Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));
    Npy.write(frames.resolve("mask.npy"), Tensor.of(new float[] {1, 2, 4, 6, 9, 12}, 3, 2));
    Npy.write(frames.resolve("final_state.npy"), Tensor.of(new float[] {9, 12}, 1, 2));
  }

  private static Graph sums(int width) {
    GraphBuilder builder = new GraphBuilder();
    Value frame = builder.input("frame", Tensor.Type.FLOAT32, Shape.of(1, width));
    Value state = builder.input("state", Tensor.Type.FLOAT32, Shape.of(1, width));
    Value sum = builder.binary("sum", Binary.Operation.ADD, frame, state);
    return builder.output("answer", sum).output("next", sum).build("sums", "test");
  }

  @Test
  void carriesTheStateFromFrameToFrame() {
    FrameCase frames = new FrameCase(folder);
    try (Session session = sums(2).open(Options.defaults().withDevice("cpu:scalar"))) {
      Map<String, Tensor> got = frames.run(session);
      frames
          .expected()
          .forEach(
              (name, tensor) ->
                  assertArrayEquals(
                      tensor.toFloatArray(),
                      Objects.requireNonNull(got.get(name)).toFloatArray(),
                      name));
    }
  }

  @Test
  void framesThatTheModelDoesNotTakeAreRefused() {
    FrameCase frames = new FrameCase(folder);
    try (Session session = sums(3).open(Options.defaults().withDevice("cpu:scalar"))) {
      assertThrows(InputException.class, () -> frames.run(session));
    }
  }

  @Test
  void aMissingFileIsNamed() throws Exception {
    Files.delete(folder.resolve("frames/mask.npy"));
    InputException e = assertThrows(InputException.class, () -> new FrameCase(folder));
    assertEquals(1, e.getMessage().lines().count());
    assertEquals(true, e.getMessage().contains("mask.npy"), e.getMessage());
  }
}
