// DFR-Net on Android: the three maps of a clip in, one class out.
//
// build.gradle:   implementation("com.google.ai.edge.litert:litert:1.4.2")
//                 (its interpreter keeps the package name org.tensorflow.lite)
//                 androidResources { noCompress += "tflite" }
//
// The maps are those of docs/deployment.md, "Preparing the maps on a device". Hold your own
// preparation against a golden folder (`dfr-keras convert MODEL --golden DIR`), step by step.
//
// CONTRACT, held against the converted file by tests/examples/test_android.py:
//   signature  serving_default
//   input      apex          float32 [1, SIZE, SIZE, 3]  red, green, blue, 0..255
//   input      difference    float32 [1, SIZE, SIZE, 1]  |gray(apex) - gray(onset)|, 0..255
//   input      flow          float32 [1, SIZE, SIZE, 3]  u, v in pixels of the map, strain
//   output     probabilities float32 [1, 3]              negative, positive, surprise
// and of a file of `dfr-keras convert --input frames`, which DfrNetFrames below takes:
//   frames     onset         uint8   [1, CROP, CROP, 3]  face of the onset frame, red, green, blue
//   frames     apex          uint8   [1, CROP, CROP, 3]  face of the apex frame, cut by the same transform
// Every tensor is row by row from the top left, channels last. Nothing is to be normalised: that
// is inside the file. Quantised files (float16, dynamic, int8) have the same inputs and output.

package com.example.dfrnet

import android.content.Context
import java.io.FileInputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import java.nio.MappedByteBuffer
import java.nio.channels.FileChannel
import org.tensorflow.lite.Interpreter

/** Classes in the order of the network's output. */
enum class Emotion { NEGATIVE, POSITIVE, SURPRISE }

data class Answer(val emotion: Emotion, val probabilities: FloatArray)

/**
 * A converted network. Not thread-safe: use one for each thread. Close it when done.
 *
 * @param context Where the assets are.
 * @param asset Name of the .tflite file among the assets.
 * @param threads How many processor threads the network may use; more than the big cores slow it.
 */
class DfrNet(context: Context, asset: String = "model-int8.tflite", threads: Int = 2) :
    AutoCloseable {

    private val interpreter =
        Interpreter(map(context, asset), Interpreter.Options().setNumThreads(threads))

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
        outputBuffer.rewind()
        val inputs = mapOf<String, Any>(
            "apex" to apexBuffer,
            "difference" to differenceBuffer,
            "flow" to flowBuffer,
        )
        val outputs = mapOf<String, Any>("probabilities" to outputBuffer)
        interpreter.runSignature(inputs, outputs, SIGNATURE)
        val probabilities = FloatArray(CLASSES.size)
        outputBuffer.rewind()
        outputBuffer.get(probabilities)
        val best = probabilities.indices.maxByOrNull { probabilities[it] } ?: 0
        return Answer(CLASSES[best], probabilities)
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
        const val SIGNATURE = "serving_default"
        const val APEX_CHANNELS = 3
        const val DIFFERENCE_CHANNELS = 1
        const val FLOW_CHANNELS = 3
        val CLASSES = arrayOf(Emotion.NEGATIVE, Emotion.POSITIVE, Emotion.SURPRISE)

        internal fun floats(count: Int): FloatBuffer =
            ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder()).asFloatBuffer()

        internal fun map(context: Context, asset: String): MappedByteBuffer =
            context.assets.openFd(asset).use { file ->
                FileInputStream(file.fileDescriptor).channel.use { channel ->
                    channel.map(
                        FileChannel.MapMode.READ_ONLY, file.startOffset, file.declaredLength,
                    )
                }
            }
    }
}

/**
 * A network that takes two faces and makes the maps itself: a crop and one call.
 *
 * @param asset Name of a file of `dfr-keras convert --input frames` among the assets.
 */
class DfrNetFrames(context: Context, asset: String = "model-frames-int8.tflite", threads: Int = 2) :
    AutoCloseable {

    private val interpreter =
        Interpreter(DfrNet.map(context, asset), Interpreter.Options().setNumThreads(threads))

    /** Width and height of the faces in pixels. */
    val crop: Int = interpreter.getInputTensorFromSignature("onset", DfrNet.SIGNATURE).shape()[1]

    private val outputBuffer = DfrNet.floats(DfrNet.CLASSES.size)

    /**
     * Classify one clip.
     *
     * @param onset Face of the first frame of the movement, crop * crop * 3 bytes.
     * @param apex The same place of the frame of strongest movement.
     */
    fun classify(onset: ByteBuffer, apex: ByteBuffer): Answer {
        for ((name, face) in listOf("onset" to onset, "apex" to apex)) {
            require(face.capacity() == crop * crop * CHANNELS) {
                "$name has ${face.capacity()} bytes, the network takes ${crop * crop * CHANNELS}"
            }
            face.rewind()
        }
        outputBuffer.rewind()
        val inputs = mapOf<String, Any>("onset" to onset, "apex" to apex)
        interpreter.runSignature(
            inputs, mapOf<String, Any>("probabilities" to outputBuffer), DfrNet.SIGNATURE,
        )
        val probabilities = FloatArray(DfrNet.CLASSES.size)
        outputBuffer.rewind()
        outputBuffer.get(probabilities)
        val best = probabilities.indices.maxByOrNull { probabilities[it] } ?: 0
        return Answer(DfrNet.CLASSES[best], probabilities)
    }

    override fun close() = interpreter.close()

    private companion object {
        const val CHANNELS = 3
    }
}
