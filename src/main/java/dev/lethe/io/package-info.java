/**
 * NumPy's files: one array in an .npy, several by name in an .npz. What is read is untrusted: every
 * size is checked against the file before anything is allocated for it.
 */
@NullMarked
package dev.lethe.io;

import org.jspecify.annotations.NullMarked;
