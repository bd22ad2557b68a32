/** Figures of what happens over time: heat maps and lines one below the other, as PNG. */
@NullMarked
package dev.lethe.cli.plot;

import org.jspecify.annotations.NullMarked;
