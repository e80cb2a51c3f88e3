"""From a Keras network to a `.tflite` file that was checked against it."""
