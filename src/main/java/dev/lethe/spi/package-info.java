/**
 * What the door asks of the inside: importers that read model files, and the engine that opens
 * sessions. Both are found through {@link java.util.ServiceLoader}: a jar on the class path with a
 * file {@code META-INF/services/dev.lethe.spi.Importer} adds a format. An importer makes its
 * network with {@link dev.lethe.network.GraphBuilder}, since the engine runs no other.
 */
@NullMarked
package dev.lethe.spi;

import org.jspecify.annotations.NullMarked;
