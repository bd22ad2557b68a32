package dev.lethe.spark;

import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.launcher.JavaModuleOptions;

/** A standalone cluster on this machine: a master and workers of one core, each a process. */
final class Cluster implements AutoCloseable {
  private final Path home;
  private final String classes;
  private final String master;
  private final List<Process> workers = new ArrayList<>();
  private final Process masterProcess;
  private volatile boolean killed;

  /**
   * Starts the master.
   *
   * @param home made to look like an installed Spark: jars/ holds the jars of this class path
   */
  Cluster(Path home) throws IOException {
    this.home = home;
    String path = System.getProperty("surefire.test.class.path");
    path = path == null ? System.getProperty("java.class.path") : path;
    Files.createDirectories(home.resolve("jars"));
    List<String> folders = new ArrayList<>();
    for (String entry : path.split(File.pathSeparator, -1)) {
      Path file = Path.of(entry).toAbsolutePath();
      if (Files.isDirectory(file)) {
        folders.add(file.toString());
      } else if (Files.isRegularFile(file) && !file.toString().contains("slf4j-nop")) {
        Path link = home.resolve("jars").resolve(String.valueOf(file.getFileName()));
        if (!Files.exists(link)) {
          Files.createSymbolicLink(link, file);
        }
      }
    }
    classes = String.join(File.pathSeparator, folders);
    int port = freePort();
    master = "spark://127.0.0.1:" + port;
    masterProcess = start("master", "master.Master", "--port", Integer.toString(port));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** {@return its address} */
  String master() {
    return master;
  }

  /** {@return the folders of the class path, which executors need beside the jars} */
  String classes() {
    return classes;
  }

  void startWorker() throws IOException {
    String name = "worker" + workers.size();
    workers.add(
        start(
            name,
            "worker.Worker",
            "--cores",
            "1",
            "--memory",
            "1g",
            "--work-dir",
            home.resolve(name).toString(),
            master));
  }

  private Process start(String name, String main, String... arguments) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command = new ArrayList<>(List.of(java, "-Xmx256m"));
    command.addAll(Arrays.asList(JavaModuleOptions.defaultModuleOptions().trim().split("\\s+")));
    command.addAll(List.of("-cp", home.resolve("jars") + "/*", "org.apache.spark.deploy." + main));
    command.addAll(List.of("--host", "127.0.0.1", "--webui-port", "0"));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(home.resolve(name + ".log").toFile());
    builder.environment().put("SPARK_HOME", home.toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    return builder.start();
  }

  /** kill -9 of the first worker's executor. */
  void killExecutor() {
    try (Stream<ProcessHandle> executors = workers.get(0).children()) {
      killed = executors.findFirst().map(ProcessHandle::destroyForcibly).orElse(false);
    }
  }

  /** {@return whether {@link #killExecutor} found one} */
  boolean killed() {
    return killed;
  }

  @Override
  public void close() {
    for (Process worker : workers) {
      worker.descendants().forEach(ProcessHandle::destroyForcibly);
      worker.destroyForcibly();
    }
    masterProcess.destroyForcibly();
    try {
      for (Process worker : workers) {
        worker.waitFor();
      }
      masterProcess.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
