package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuLstmTest {
  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1",
    "1, 1, 2, 1",
    "3, 1, 4, 3",
    "10, 1, 4, 4",
    "95, 1, 1, 1",
    "100, 1, 1, 2",
    "130, 1, 2, 2",
    "191, 1, 2, 2",
    "192, 1, 2, 4",
    "256, 1, 2, 4",
    "8192, 1, 2, 128",
    "1100, 1, 16, 16",
    "2000, 1, 16, 32",
    "90, 2, 1, 1",
    "90, 2, 2, 1",
    "90, 2, 4, 2",
    "90, 2, 3, 3",
    "200, 2, 2, 3"
  })
  void allThreadsGetAsMany(int sequences, int directions, int threads, int slices) {
    assertEquals(slices, CpuLstm.slices(sequences, directions, threads));
  }
}
