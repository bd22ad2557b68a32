package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Holds every test class to it that OpenCL objects and threads are in the end what they were at the
 * start. Found by JUnit itself (META-INF/services).
 */
public final class LeakCheck implements BeforeAllCallback, AfterAllCallback {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(LeakCheck.class);

  @Override
  public void beforeAll(ExtensionContext context) {
    context.getStore(NAMESPACE).put(context.getUniqueId(), LiveObjects.now());
  }

  @Override
  public void afterAll(ExtensionContext context) {
    Map<?, ?> before = context.getStore(NAMESPACE).get(context.getUniqueId(), Map.class);
    Map<String, Integer> expected = new TreeMap<>();
    before.forEach((kind, count) -> expected.put((String) kind, (Integer) count));
    assertEquals(
        expected, LiveObjects.settled(expected), "left open by " + context.getDisplayName());
  }
}
