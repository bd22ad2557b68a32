/**
 * What importers of several formats share; each format has a package below this one. An importer
 * reads untrusted files: it executes nothing, checks every size before it takes memory, and names
 * what it refuses.
 */
@NullMarked
package dev.lethe.importer;

import org.jspecify.annotations.NullMarked;
