package dev.lethe.backend.cpu;

/**
 * Room in front of an object's own fields, so that what one thread keeps writing to is in no line
 * of the cache that another's object has a part in.
 */
@SuppressWarnings({"unused", "MultiVariableDeclaration"})
abstract class Apart {
  private long r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15;
}
