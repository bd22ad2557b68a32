/** Examples that run: each is a program, and a test holds it to its promises. */
@NullMarked
package dev.lethe.examples;

import org.jspecify.annotations.NullMarked;
