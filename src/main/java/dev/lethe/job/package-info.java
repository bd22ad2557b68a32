/**
 * Jobs: inputs of any size go through sessions in chunks along the axis that counts sequences,
 * under a budget of memory, and what is done survives the end of the process.
 *
 * <pre>
 *   reader --> ready --> one worker for each session --> done --> writer --> journal
 *      ^------------------------- free slots ------------------------------------|
 * </pre>
 */
@NullMarked
package dev.lethe.job;

import org.jspecify.annotations.NullMarked;
