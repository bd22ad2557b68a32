package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class LinuxLinkerTest {
  @Test
  void findsWhatEveryProcessHas() {
    assertTrue(LinuxLinker.finds(List.of("libm.so.6", "libc.musl-x86_64.so.1")));
  }

  @Test
  void doesNotFindWhatNobodyHas() {
    assertFalse(LinuxLinker.finds(List.of("libNoSuchThingAsThis.so.1")));
  }
}
