package dev.lethe.importer.keras;

/** The arrays of one layer, in the order in which Keras makes them. */
interface LayerWeights {
  /**
   * Those of a layer inside this one.
   *
   * @param name the attribute that holds it, as in {@code forward_layer}
   * @param first how many arrays come before its own
   */
  LayerWeights part(String name, int first);

  /**
   * An array in row-major order.
   *
   * @param k counted from 0
   * @param shape what it must have
   * @throws dev.lethe.ModelFormatException when there is none of this shape
   */
  float[] array(int k, int... shape);

  /**
   * A vector of one number, in place of an array that the layer does without. It counts like one
   * that was read: a configuration of a few bytes may ask for many.
   */
  float[] filled(float number, int length);
}
