/**
 * Scores a column of sequences on Apache Spark: {@link dev.lethe.spark.LstmTransformer} is a stage
 * of a spark.ml pipeline. Uses nothing of Lethe but its public door.
 */
@NullMarked
package dev.lethe.spark;

import org.jspecify.annotations.NullMarked;
