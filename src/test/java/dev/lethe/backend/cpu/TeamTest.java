package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TeamTest {
  @ParameterizedTest
  @CsvSource({"1, 7, 2", "2, 13, 1", "2, 13, 4", "3, 2, 1", "3, 13, 0", "2, 64, 8"})
  void everyThingIsTakenOnceWhoeverIsFirst(int size, int things, int most) {
    Team team = new Team(size);
    for (int round = 0; round < 5; round++) {
      boolean inOrder = round % 2 == 0;
      team.members.forEach(m -> m.deal(things, inOrder, most));
      List<Integer> all = new ArrayList<>();
      for (int k = 0; k < size; k++) {
        all.addAll(takeAll(team.members.get((k + round) % size)));
      }
      all.sort(null);
      assertEquals(IntStream.range(0, things).boxed().toList(), all);
    }
  }

  @Test
  void whoIsDoneTakesOverWhatOthersHaveNotBegun() {
    Team team = new Team(2);
    Team.Member first = team.members.get(0);
    Team.Member second = team.members.get(1);
    team.members.forEach(m -> m.deal(6, false, 1));
    assertTrue(second.take());
    assertEquals(5, second.first());
    assertEquals(4, second.after(5));
    assertEquals(List.of(2, 1, 0, 4, 3), takeAll(first));
    assertEquals(List.of(), takeAll(second));
  }

  @Test
  void sharesThatAreNotDealtOutStayWithTheirOwners() {
    Team team = new Team(2);
    team.members.forEach(m -> m.deal(5, true, 0));
    assertEquals(List.of(0, 1), takeAll(team.members.get(0)));
    assertEquals(List.of(2, 3, 4), takeAll(team.members.get(1)));
  }

  @Test
  void whatIsReadAheadStaysInTheShareAndTurnsAtItsEnd() {
    Team.Member second = new Team(2).members.get(1);
    second.deal(6, true, 1);
    assertEquals(4, second.after(3));
    assertEquals(5, second.after(5));
    second.deal(6, false, 1);
    assertEquals(3, second.after(4));
    assertEquals(3, second.after(3));
  }

  @Test
  void aRunThatFailedLeavesNothingToTheNext() {
    Team team = new Team(2);
    team.members.get(0).deal(6, true, 1);
    takeAll(team.members.get(0));
    team.breakUp();
    team.reset();
    team.members.forEach(m -> m.deal(6, true, 1));
    List<Integer> all = new ArrayList<>(takeAll(team.members.get(0)));
    all.addAll(takeAll(team.members.get(1)));
    assertEquals(6, all.size());
  }

  @Test
  void threadsTakeEveryThingOnce() throws Exception {
    int size = 3;
    int things = 40;
    int rounds = 300;
    Team team = new Team(size);
    AtomicIntegerArray times = new AtomicIntegerArray(things);
    ExecutorService threads = Executors.newFixedThreadPool(size);
    List<Future<?>> ends = new ArrayList<>();
    for (Team.Member member : team.members) {
      ends.add(
          threads.submit(
              () -> {
                for (int round = 0; round < rounds; round++) {
                  member.deal(things, round % 2 == 0, 1 + round % 3);
                  while (member.take()) {
                    for (int k = member.first(); k < member.end(); k++) {
                      times.getAndIncrement(k);
                    }
                  }
                  member.await();
                }
              }));
    }
    for (Future<?> end : ends) {
      end.get(60, TimeUnit.SECONDS);
    }
    threads.shutdown();
    for (int k = 0; k < things; k++) {
      assertEquals(rounds, times.get(k));
    }
  }

  /** In the order in which a thread does them. */
  private static List<Integer> takeAll(Team.Member member) {
    List<Integer> taken = new ArrayList<>();
    while (member.take()) {
      for (int k = member.first(); k < member.end(); k++) {
        taken.add(k);
      }
    }
    return taken;
  }
}
