package dev.lethe.backend;

/**
 * The most that a device could do.
 *
 * @param operations single-precision operations in a second, a multiplication and an addition
 *     counted apart
 * @param source how this is known, for people
 */
public record Peak(double operations, String source) {}
