/**
 * The command line. Data go to stdout, everything else to stderr; a failure is one line, and the
 * exit code tells its kind ({@link dev.lethe.cli.ExitCodes}).
 */
@NullMarked
package dev.lethe.cli;

import org.jspecify.annotations.NullMarked;
