/** What importers of several formats share. */
@NullMarked
package dev.lethe.importer;

import org.jspecify.annotations.NullMarked;
