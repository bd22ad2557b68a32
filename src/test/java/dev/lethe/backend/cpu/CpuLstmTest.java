package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuLstmTest {
  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "1, 2, 1",
    "3, 4, 3",
    "10, 4, 4",
    "95, 1, 1",
    "100, 1, 2",
    "130, 2, 2",
    "191, 2, 2",
    "192, 2, 4",
    "256, 2, 4",
    "8192, 2, 128",
    "1100, 16, 16",
    "2000, 16, 32"
  })
  void eachThreadHasAsManySlices(int sequences, int threads, int slices) {
    assertEquals(slices, CpuLstm.slices(sequences, threads));
  }
}
