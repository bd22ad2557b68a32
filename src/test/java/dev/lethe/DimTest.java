package dev.lethe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DimTest {
  private static final Dim BATCH = Dim.symbol("batch");
  private static final Dim TIME = Dim.symbol("time");

  @Test
  void productsAreEqualInAnyOrder() {
    assertEquals(BATCH.times(TIME).times(Dim.of(3)), Dim.of(3).times(TIME).times(BATCH));
    assertEquals("3*batch*time", Dim.of(3).times(TIME).times(BATCH).toString());
    assertEquals(Dim.of(0), Dim.of(0).times(BATCH));
  }

  @Test
  void aQuotientExistsWhereItHoldsForEverySize() {
    assertEquals(Optional.of(Dim.of(2).times(TIME)), Dim.of(6).times(TIME).dividedBy(Dim.of(3)));
    assertEquals(Optional.of(Dim.of(1)), BATCH.dividedBy(BATCH));
    assertEquals(Optional.empty(), Dim.of(6).dividedBy(BATCH));
    assertEquals(Optional.empty(), Dim.of(7).dividedBy(Dim.of(2)));
    assertEquals(Optional.empty(), BATCH.dividedBy(Dim.of(0)));
    assertEquals(Optional.of(BATCH), BATCH.times(BATCH).dividedBy(BATCH));
  }

  @Test
  void resolvesOnceTheSizesAreKnown() {
    assertEquals(24, Dim.of(2).times(BATCH).times(TIME).resolve(Map.of("batch", 3, "time", 4)));
    assertThrows(InputException.class, () -> BATCH.resolve(Map.of("time", 4)));
    assertThrows(InputException.class, () -> BATCH.resolve(Map.of("batch", -1)));
    assertThrows(
        InputException.class, () -> BATCH.times(TIME).resolve(Map.of("batch", -2, "time", -3)));
    Dim large = BATCH.times(TIME);
    assertThrows(
        InputException.class, () -> large.resolve(Map.of("batch", 1 << 20, "time", 1 << 20)));
    Dim beyond = large.times(large).times(large);
    assertThrows(
        InputException.class, () -> beyond.resolve(Map.of("batch", 1 << 30, "time", 1 << 30)));
    assertEquals(0, beyond.resolve(Map.of("batch", 1 << 30, "time", 0)));
  }

  @Test
  void onlyASingleNameIsAName() {
    assertEquals(Optional.of("batch"), BATCH.name());
    assertEquals(Optional.empty(), Dim.of(2).times(BATCH).name());
    assertEquals(Optional.empty(), Dim.of(2).name());
    assertTrue(Dim.of(2).isConstant());
    assertFalse(BATCH.isConstant());
    assertThrows(IllegalArgumentException.class, () -> Dim.of(-1));
  }

  @Test
  void shapesCountAxesFromEitherEnd() {
    Shape shape = Shape.of(TIME, BATCH, Dim.of(5));
    assertEquals(Dim.of(5), shape.dim(-1));
    assertEquals(Shape.of(TIME, BATCH, Dim.of(7)), shape.with(-1, Dim.of(7)));
    assertEquals(Dim.of(5).times(TIME).times(BATCH), shape.count());
    assertEquals("[time, batch, 5]", shape.toString());
    assertEquals(Dim.of(1), new Shape(List.of()).count());
  }
}
