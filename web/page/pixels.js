/**
 * Cutting out and shrinking, as OpenCV does it for the networks in Python.
 *
 * A picture is { data, width, height }, data being RGBA as canvases give it.
 */

/** Shrink by area: each pixel is the mean of what it covers. */
export function shrink(picture, width, height) {
  const across = spans(picture.width, width), down = spans(picture.height, height);
  const { data } = picture, stride = picture.width * 4;
  const rows = new Float32Array(width * 3), out = new Uint8ClampedArray(width * height * 4);
  const line = new Float32Array(picture.width * 3);
  for (let y = 0; y < height; y++) {
    line.fill(0);
    for (const [row, share] of down[y]) {
      let from = row * stride;
      for (let x = 0; x < line.length; x += 3, from += 4) {
        line[x] += share * data[from];
        line[x + 1] += share * data[from + 1];
        line[x + 2] += share * data[from + 2];
      }
    }
    rows.fill(0);
    for (let x = 0; x < width; x++) {
      for (const [column, share] of across[x])
        for (let c = 0; c < 3; c++) rows[x * 3 + c] += share * line[column * 3 + c];
      const to = (y * width + x) * 4;
      for (let c = 0; c < 3; c++) out[to + c] = rows[x * 3 + c];
      out[to + 3] = 255;
    }
  }
  return { data: out, width, height };
}

/** Which pixels of a line each pixel of a shorter one covers, and their shares. */
function spans(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, place) => {
    const start = place * scale, end = Math.min(from, start + scale), covered = [];
    for (let pixel = Math.floor(start); pixel < end - 1e-9; pixel++)
      covered.push([pixel, (Math.min(end, pixel + 1) - Math.max(start, pixel)) / scale]);
    return covered;
  });
}

/** [a b c; d e f] as OpenCV has it, backwards. */
function inverse([a, b, c, d, e, f]) {
  const det = a * e - b * d;
  const [p, q, r, s] = [e / det, -b / det, -d / det, a / det];
  return [p, q, -(p * c + q * f), r, s, -(r * c + s * f)];
}

/** Weights of the four pixels about a place; OpenCV's bicubic. */
function cubic(part) {
  const a = -0.75, far = part + 1, near = 1 - part;
  const first = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a;
  const second = ((a + 2) * part - (a + 3)) * part * part + 1;
  const third = ((a + 2) * near - (a + 3)) * near * near + 1;
  return [first, second, third, 1 - first - second - third];
}

/**
 * An affine sampler, made once for a transform and used for many pictures.
 *
 * matrix: [a b c d e f], from places in the picture to places in the square.
 * finer: each pixel is the mean of finer x finer samples, for pictures that shrink.
 * border: "replicate", or "zero" for black outside.
 */
export class Sampler {
  constructor(matrix, side, width, height, { finer = 1, smooth = false, border = "zero" } = {}) {
    Object.assign(this, { side, width, height, finer });
    this.taps = smooth ? 4 : 2;
    const wide = side * finer, [p, q, r, s, t, u] = inverse(matrix);
    const taps = this.taps, lead = smooth ? 1 : 0, count = wide * wide;
    // Offsets of columns and rows and their weights, by sample: gathering alone is left.
    this.columns = new Int32Array(count * taps);
    this.rows = new Int32Array(count * taps);
    this.across = new Float32Array(count * taps);
    this.down = new Float32Array(count * taps);
    for (let y = 0, n = 0; y < wide; y++)
      for (let x = 0; x < wide; x++, n++) {
        // Places are rounded to 1/32 of a pixel, as OpenCV rounds them.
        const column = Math.round((p * x + q * y + r) * 32) / 32;
        const row = Math.round((s * x + t * y + u) * 32) / 32;
        this.#fill(this.columns, this.across, n * taps, column, lead, width, smooth, border, 4);
        this.#fill(this.rows, this.down, n * taps, row, lead, height, smooth, border, 4 * width);
      }
  }

  #fill(places, weights, start, at, lead, length, smooth, border, step) {
    const first = Math.floor(at), part = at - first;
    const shares = smooth ? cubic(part) : [1 - part, part];
    for (let tap = 0; tap < shares.length; tap++) {
      const place = first - lead + tap, inside = place >= 0 && place < length;
      places[start + tap] = Math.min(Math.max(place, 0), length - 1) * step;
      weights[start + tap] = inside || border === "replicate" ? shares[tap] : 0;
    }
  }

  /** The square as RGB, side x side x 3. */
  sample({ data }) {
    const { side, finer, taps, columns, rows, across, down } = this;
    const out = new Uint8Array(side * side * 3), wide = side * finer, part = 1 / (finer * finer);
    for (let y = 0, to = 0; y < side; y++)
      for (let x = 0; x < side; x++, to += 3) {
        let red = 0.5, green = 0.5, blue = 0.5;
        for (let dy = 0; dy < finer; dy++)
          for (let dx = 0; dx < finer; dx++) {
            const n = ((y * finer + dy) * wide + x * finer + dx) * taps;
            for (let j = n; j < n + taps; j++) {
              const weight = down[j] * part;
              if (weight === 0) continue;
              const row = rows[j];
              for (let i = n; i < n + taps; i++) {
                const from = row + columns[i], share = weight * across[i];
                red += share * data[from];
                green += share * data[from + 1];
                blue += share * data[from + 2];
              }
            }
          }
        out[to] = red < 0 ? 0 : red > 255 ? 255 : red;
        out[to + 1] = green < 0 ? 0 : green > 255 ? 255 : green;
        out[to + 2] = blue < 0 ? 0 : blue > 255 ? 255 : blue;
      }
    return out;
  }
}

/** RGBA to RGB. */
export function withoutAlpha({ data, width, height }) {
  const out = new Uint8Array(width * height * 3);
  for (let n = 0, from = 0, to = 0; n < width * height; n++, from += 4, to += 3) {
    out[to] = data[from];
    out[to + 1] = data[from + 1];
    out[to + 2] = data[from + 2];
  }
  return out;
}

/** A picture with its border repeated around it. */
export function widened({ data, width, height }, edge) {
  const wide = width + 2 * edge, high = height + 2 * edge;
  const out = new Uint8ClampedArray(wide * high * 4);
  const from = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const to = new Uint32Array(out.buffer);
  for (let y = 0; y < high; y++) {
    const row = Math.min(Math.max(y - edge, 0), height - 1) * width;
    for (let x = 0; x < wide; x++)
      to[y * wide + x] = from[row + Math.min(Math.max(x - edge, 0), width - 1)];
  }
  return { data: out, width: wide, height: high };
}
