/**
 * The pixels of a video's frame as OpenCV makes them, from its planes of light and color: browsers
 * have ways of their own to RGB, a gray value or two apart, which is as much as a small movement.
 */
const NEUTRAL = 128;

/** What libswscale computes for video of limited range: parts of 65536, BT.601, rounded down. */
const table = (factor, zero) => Int16Array.from({ length: 256 },
  (_, value) => ((value - zero) * 8 * factor) >> 16);
const LIGHT = table(9539, 16);
const RED_OF_V = table(13075, NEUTRAL), BLUE_OF_U = table(16525, NEUTRAL);
const GREEN_OF_U = table(-3209, NEUTRAL), GREEN_OF_V = table(-6660, NEUTRAL);

export class PlaneReader {
  #planes = new Uint8Array(0);

  /**
   * The frame that a video shows, { data, width, height } in RGBA; null where the browser gives
   * no planes, or the frame is turned, stretched or of another kind than most videos are.
   */
  async grab(video) {
    if (typeof VideoFrame === "undefined") return null;
    const frame = new VideoFrame(video);
    try {
      const { format, visibleRect, rotation, colorSpace } = frame;
      const { videoWidth: width, videoHeight: height } = video;
      if (!["I420", "NV12"].includes(format) || rotation || colorSpace?.fullRange
          || visibleRect.width !== width || visibleRect.height !== height) return null;
      const size = frame.allocationSize();
      if (this.#planes.length !== size) this.#planes = new Uint8Array(size);
      const layout = await frame.copyTo(this.#planes);
      return toRgba(this.#planes, layout, width, height, format === "NV12" ? 2 : 1);
    } finally {
      frame.close();
    }
  }
}

/**
 * Planes to RGBA; four pixels share a color.
 *
 * layout: offset and stride of each plane, of light, then u and v, or both in one plane in turns.
 * step: bytes from one color to the next, 1 or 2.
 */
export function toRgba(planes, layout, width, height, step) {
  const [light, u, v] = layout, first = u.offset, second = step === 2 ? u.offset + 1 : v.offset;
  const out = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, to = 0; y < height; y++) {
    const row = light.offset + y * light.stride, color = (y >> 1) * u.stride;
    const other = step === 2 ? color : (y >> 1) * v.stride;
    for (let x = 0; x < width; x++, to += 4) {
      const gray = LIGHT[planes[row + x]], at = (x >> 1) * step;
      const blue = planes[first + color + at], red = planes[second + other + at];
      out[to] = gray + RED_OF_V[red];
      out[to + 1] = gray + GREEN_OF_U[blue] + GREEN_OF_V[red];
      out[to + 2] = gray + BLUE_OF_U[blue];
      out[to + 3] = 255;
    }
  }
  return out.length ? { data: out, width, height } : null;
}
