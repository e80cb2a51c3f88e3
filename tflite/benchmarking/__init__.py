"""What a `.tflite` file costs on this machine: latency, memory, size, agreement."""
