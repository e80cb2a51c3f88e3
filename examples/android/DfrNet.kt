// DFR-Net on Android: one class out of a clip, by a file of either kind.
//
// build.gradle:   implementation("com.google.ai.edge.litert:litert:1.4.2")
//                 (its interpreter keeps the package name org.tensorflow.lite)
//                 androidResources { noCompress += "tflite" }
//
// Take a FRAMES file where you can: `dfr-keras convert MODEL --input frames`. A device finds the
// face, cuts it out of two frames and makes one call; all else is inside the file:
//     DfrNetFrames(context).use { it.classify(onsetCrop, apexCrop).emotion }
// Both crops are cut by ONE transform, that of the onset frame: docs/deployment.md, "The crops".
//
// A MAPS file leaves flow, strain and difference to you: docs/deployment.md, "Preparing the maps
// on a device". Hold your own preparation against a golden folder (`dfr-keras convert MODEL
// --golden DIR`), step by step.
//
// Both contracts are held against converted files by tests/examples/test_android.py. Every tensor
// is row by row from the top left, channels last. Nothing is to be normalised: that is inside the
// file. Quantised files (float16, dynamic, int8) have the same inputs and output.
//
// CONTRACT of a frames file, class DfrNetFrames (SIZE: 224 unless converted with --crop-size):
//   signature  serving_default
//   input      onset         uint8   [1, SIZE, SIZE, 3]  red, green, blue of the face, 0..255
//   input      apex          uint8   [1, SIZE, SIZE, 3]  the same part of the apex frame
//   output     probabilities float32 [1, 3]              negative, positive, surprise
//
// CONTRACT of a maps file, class DfrNet (SIZE: that of the training's maps):
//   signature  serving_default
//   input      apex          float32 [1, SIZE, SIZE, 3]  red, green, blue, 0..255
//   input      difference    float32 [1, SIZE, SIZE, 1]  |gray(apex) - gray(onset)|, 0..255
//   input      flow          float32 [1, SIZE, SIZE, 3]  u, v in pixels of the map, strain
//   output     probabilities float32 [1, 3]              negative, positive, surprise

package com.example.dfrnet

import android.content.Context
import android.graphics.Bitmap
import java.io.FileInputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import java.nio.MappedByteBuffer
import java.nio.channels.FileChannel
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Interpreter

/** Classes in the order of the network's output. */
enum class Emotion { NEGATIVE, POSITIVE, SURPRISE }

data class Answer(val emotion: Emotion, val probabilities: FloatArray)

private const val SIGNATURE = "serving_default"
private val CLASSES = arrayOf(Emotion.NEGATIVE, Emotion.POSITIVE, Emotion.SURPRISE)

/**
 * A converted network that takes two face crops. Not thread-safe: use one for each thread. Close
 * it when done.
 *
 * @param context Where the assets are.
 * @param asset Name of the .tflite file among the assets, one of `convert --input frames`.
 * @param threads How many processor threads the network may use; more than the big cores slow it.
 */
class DfrNetFrames(
    context: Context,
    asset: String = "model-frames-int8.tflite",
    threads: Int = 2,
) : AutoCloseable {

    private val interpreter = load(context, asset, threads)

    /** Width and height of the crops in pixels. */
    val size: Int

    private val onsetBuffer: ByteBuffer
    private val apexBuffer: ByteBuffer
    private val outputBuffer = floats(CLASSES.size)
    private val pixels: IntArray

    init {
        val names = interpreter.getSignatureInputs(SIGNATURE).toSet()
        require(names == setOf("onset", "apex")) {
            "$asset takes $names: give a file of `dfr-keras convert --input frames`"
        }
        val onset = interpreter.getInputTensorFromSignature("onset", SIGNATURE)
        val apex = interpreter.getInputTensorFromSignature("apex", SIGNATURE)
        size = onset.shape()[1]
        val expected = intArrayOf(1, size, size, CROP_CHANNELS)
        for (tensor in arrayOf(onset, apex)) {
            require(tensor.dataType() == DataType.UINT8 && tensor.shape().contentEquals(expected)) {
                "$asset has an input ${tensor.name()} of another type or shape"
            }
        }
        onsetBuffer = bytes(size * size * CROP_CHANNELS)
        apexBuffer = bytes(size * size * CROP_CHANNELS)
        pixels = IntArray(size * size)
    }

    /**
     * Classify one clip.
     *
     * @param onset Face crop of the onset frame, size * size * 3 bytes: red, green, blue.
     * @param apex The same part of the apex frame.
     */
    fun classify(onset: ByteBuffer, apex: ByteBuffer): Answer {
        fill(onsetBuffer, onset, "onset")
        fill(apexBuffer, apex, "apex")
        return invoke()
    }

    /** Classify one clip from crops of size x size pixels that are no hardware bitmaps. */
    fun classify(onset: Bitmap, apex: Bitmap): Answer {
        fill(onsetBuffer, onset, "onset")
        fill(apexBuffer, apex, "apex")
        return invoke()
    }

    override fun close() = interpreter.close()

    private fun invoke(): Answer {
        val inputs = mapOf<String, Any>(
            "onset" to onsetBuffer,
            "apex" to apexBuffer,
        )
        return answer(interpreter, inputs, outputBuffer)
    }

    private fun fill(buffer: ByteBuffer, crop: ByteBuffer, name: String) {
        // A duplicate has a position of its own: the caller's stays where it is.
        val values = crop.duplicate()
        require(values.remaining() == buffer.capacity()) {
            "$name has ${values.remaining()} bytes, the network takes ${buffer.capacity()}"
        }
        buffer.rewind()
        buffer.put(values)
        buffer.rewind()
    }

    private fun fill(buffer: ByteBuffer, crop: Bitmap, name: String) {
        require(crop.width == size && crop.height == size) {
            "$name is ${crop.width} x ${crop.height}, the network takes $size x $size"
        }
        crop.getPixels(pixels, 0, size, 0, 0, size, size)
        buffer.rewind()
        for (color in pixels) {
            buffer.put((color shr 16).toByte())
            buffer.put((color shr 8).toByte())
            buffer.put(color.toByte())
        }
        buffer.rewind()
    }

    companion object {
        const val CROP_CHANNELS = 3
    }
}

/**
 * A converted network that takes maps. Not thread-safe: use one for each thread. Close it when
 * done.
 *
 * @param context Where the assets are.
 * @param asset Name of the .tflite file among the assets.
 * @param threads How many processor threads the network may use; more than the big cores slow it.
 */
class DfrNet(context: Context, asset: String = "model-int8.tflite", threads: Int = 2) :
    AutoCloseable {

    private val interpreter = load(context, asset, threads)

    /** Width and height of the maps in pixels. */
    val size: Int = interpreter.getInputTensorFromSignature("apex", SIGNATURE).shape()[1]

    private val apexBuffer = floats(size * size * APEX_CHANNELS)
    private val differenceBuffer = floats(size * size * DIFFERENCE_CHANNELS)
    private val flowBuffer = floats(size * size * FLOW_CHANNELS)
    private val outputBuffer = floats(CLASSES.size)

    /**
     * Classify one clip.
     *
     * @param apex RGB of the apex frame, 0..255, size * size * 3 values.
     * @param difference Absolute gray difference of apex and onset, 0..255, size * size values.
     * @param flow u and v in pixels and optical strain, size * size * 3 values.
     */
    fun classify(apex: FloatArray, difference: FloatArray, flow: FloatArray): Answer {
        fill(apexBuffer, apex, "apex")
        fill(differenceBuffer, difference, "difference")
        fill(flowBuffer, flow, "flow")
        val inputs = mapOf<String, Any>(
            "apex" to apexBuffer,
            "difference" to differenceBuffer,
            "flow" to flowBuffer,
        )
        return answer(interpreter, inputs, outputBuffer)
    }

    override fun close() = interpreter.close()

    private fun fill(buffer: FloatBuffer, values: FloatArray, name: String) {
        require(values.size == buffer.capacity()) {
            "$name has ${values.size} values, the network takes ${buffer.capacity()}"
        }
        buffer.rewind()
        buffer.put(values)
        buffer.rewind()
    }

    companion object {
        const val APEX_CHANNELS = 3
        const val DIFFERENCE_CHANNELS = 1
        const val FLOW_CHANNELS = 3
    }
}

private fun load(context: Context, asset: String, threads: Int) =
    Interpreter(mapped(context, asset), Interpreter.Options().setNumThreads(threads))

private fun answer(
    interpreter: Interpreter,
    inputs: Map<String, Any>,
    output: FloatBuffer,
): Answer {
    output.rewind()
    interpreter.runSignature(inputs, mapOf<String, Any>("probabilities" to output), SIGNATURE)
    val probabilities = FloatArray(CLASSES.size)
    output.rewind()
    output.get(probabilities)
    val best = probabilities.indices.maxByOrNull { probabilities[it] } ?: 0
    return Answer(CLASSES[best], probabilities)
}

private fun bytes(count: Int): ByteBuffer =
    ByteBuffer.allocateDirect(count).order(ByteOrder.nativeOrder())

private fun floats(count: Int): FloatBuffer = bytes(4 * count).asFloatBuffer()

private fun mapped(context: Context, asset: String): MappedByteBuffer =
    context.assets.openFd(asset).use { file ->
        FileInputStream(file.fileDescriptor).channel.use { channel ->
            channel.map(FileChannel.MapMode.READ_ONLY, file.startOffset, file.declaredLength)
        }
    }
