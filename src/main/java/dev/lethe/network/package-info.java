/**
 * What is computed: a {@link dev.lethe.network.Graph} of {@link dev.lethe.network.Stage}s in
 * topological order, each an immutable record with its weights, shapes checked once when it is
 * made. No arithmetic here; backends do that.
 *
 * <p>Importers make graphs, and so can anyone who has weights in arrays:
 *
 * <pre>{@code
 * GraphBuilder builder = new GraphBuilder();
 * Value x = builder.input("x", Tensor.Type.FLOAT32, Shape.of(Dim.symbol("batch"), Dim.symbol("time"), Dim.of(inputSize)));
 * Cell cell = Cell.of(weights, recurrentWeights, bias); // [4*H][I], [4*H][H], [1][4*H], gates stacked i, f, g, o
 * var lstm = builder.lstm("lstm", Layouts.BATCH_FIRST, List.of(new Lstm.Direction(false, cell)),
 *     x, Optional.empty(), Optional.empty(), Optional.empty());
 * Network network = builder.output("y", lstm.y()).build("mine", "made by hand");
 * }</pre>
 *
 * <p>Gates are stacked i, f, g, o (input, forget, cell, output) throughout: files stack them
 * differently, and importers convert that.
 */
@NullMarked
package dev.lethe.network;

import org.jspecify.annotations.NullMarked;
