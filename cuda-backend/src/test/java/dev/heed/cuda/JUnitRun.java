package dev.heed.cuda;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The tests of one class, run at once. */
final class JUnitRun implements TestExecutionListener {
  private static final int SHOWN = 20;

  private final PrintStream out;
  private final List<String> failures = new ArrayList<>();
  private int passed;
  private int skipped;

  JUnitRun(String testClass, PrintStream out) {
    this.out = out;
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(testClass))
            .build();
    LauncherFactory.create().execute(request, this);
    out.printf("   %d passed, %d failed, %d skipped%n", passed, failed(), skipped);
  }

  @Override
  public void executionSkipped(TestIdentifier test, String reason) {
    skipped++;
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    switch (result.getStatus()) {
      case SUCCESSFUL -> passed += test.isTest() ? 1 : 0;
      case ABORTED -> skipped++;
      case FAILED -> {
        String why = result.getThrowable().map(Throwable::toString).orElse("");
        failures.add(test.getDisplayName() + ": " + why);
        if (failures.size() <= SHOWN) {
          out.println("   " + failures.getLast());
        }
      }
    }
  }

  int passed() {
    return passed;
  }

  int failed() {
    return failures.size();
  }

  Map<String, Object> summary() {
    return Map.of(
        "passed", passed, "failed", failures.size(), "skipped", skipped, "failures", failures);
  }
}
