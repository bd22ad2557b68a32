/** What every fuzz test shares: the property that a reader of strangers' files must keep. */
package dev.lethe.fuzz;
