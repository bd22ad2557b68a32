/**
 * What the door asks of the inside: importers that read model files, and the engine that opens
 * sessions.
 */
@NullMarked
package dev.lethe.spi;

import org.jspecify.annotations.NullMarked;
