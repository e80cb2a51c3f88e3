/**
 * The face: BlazeFace and FaceMesh, decoded as features/landmarks.py decodes them, and the cut of
 * features/face.py. Names and numbers are theirs.
 */
import { Network } from "./runtime.js";
import { Sampler, shrink, widened, withoutAlpha } from "./pixels.js";

const DETECTOR_SIDE = 128, MESH_SIDE = 192;
const CELLS = [[16, 2], [8, 6]];
const LIKELY = 0.5, SAME = 0.3, MESH_MARGIN = 1.5;
const EYE_CORNERS = [[33, 133], [362, 263]];
const EYE_LINE = 0.36, EYE_DISTANCE = 0.35;
const BOX_EYES = 0.38; // distance of the eyes in sides of the detector's box
const FILLS = 0.6, BORDER = 0.15, DARK = 96;

const ANCHORS = CELLS.flatMap(([cells, boxes]) => {
  const grid = [];
  for (let y = 0; y < cells; y++)
    for (let x = 0; x < cells; x++)
      for (let box = 0; box < boxes; box++) grid.push([(x + 0.5) / cells, (y + 0.5) / cells]);
  return grid;
});

const probability = (logit) => 1 / (1 + Math.exp(-Math.min(80, Math.max(-80, logit))));
const middleOf = (...points) => [0, 1].map(
  (axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
export const distance = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);

/** Affine sampling that shrinks by area first where pixels would be skipped. */
function sampled(picture, matrix, side) {
  const [a, b, c, d, e, f] = matrix;
  const scale = Math.sqrt(Math.abs(a * e - b * d));
  if (scale >= 0.5) return new Sampler(matrix, side, picture.width, picture.height).sample(picture);
  const small = shrink(picture, Math.max(1, Math.round(2 * scale * picture.width)),
                       Math.max(1, Math.round(2 * scale * picture.height)));
  const px = picture.width / small.width, py = picture.height / small.height;
  const sx = (px - 1) / 2, sy = (py - 1) / 2;
  const scaled = [a * px, b * py, c + a * sx + b * sy, d * px, e * py, f + d * sx + e * sy];
  return new Sampler(scaled, side, small.width, small.height).sample(small);
}

function turnBy(angle, scale) {
  const cos = scale * Math.cos(angle), sin = scale * Math.sin(angle);
  return [cos, sin, -sin, cos];
}

/** Dark pictures are brought to the light that the networks know. */
function lightened(picture) {
  const { data, width, height } = picture, counts = new Uint32Array(256);
  let total = 0;
  for (let y = 0; y < height; y += 4)
    for (let x = 0; x < width; x += 4)
      for (let c = 0; c < 3; c++, total++) counts[data[(y * width + x) * 4 + c]]++;
  let bright = 0;
  for (let seen = counts[0]; seen < 0.99 * total; seen += counts[++bright]);
  if (bright <= 4 || bright >= DARK) return picture;
  const out = new Uint8ClampedArray(data.length);
  for (let n = 0; n < data.length; n++)
    out[n] = n % 4 === 3 ? 255 : Math.floor(data[n] * (255 / bright));
  return { data: out, width, height };
}

export class FaceFinder {
  static async load(threads) {
    const finder = new FaceFinder();
    [finder.detector, finder.mesh] = await Promise.all([
      Network.load("models/face_detection_short_range.tflite.gz", threads),
      Network.load("models/face_landmark.tflite.gz", threads)]);
    return finder;
  }

  /**
   * Faces of a picture, the surest first: { eyes: [left, right], points, box } in its pixels, box
   * being the side of the face. One that fills the picture is looked for with a border.
   */
  async find(picture) {
    const found = await this.#find(picture);
    if (found.length) return found;
    const edge = Math.round(BORDER * Math.min(picture.width, picture.height));
    const again = await this.#find(widened(picture, edge));
    const back = ([x, y]) => [x - edge, y - edge];
    return again
      .map((face) => ({ ...face, eyes: face.eyes.map(back), points: face.points.map(back) }))
      .filter((face) => fills(face, picture));
  }

  async #find(picture) {
    const light = lightened(picture), faces = [];
    for (const face of await this.#detect(light)) {
      const mesh = await this.#meshOf(light, face);
      if (mesh) faces.push(mesh);
    }
    return faces;
  }

  async #detect(picture) {
    const longer = Math.max(picture.width, picture.height), scale = DETECTOR_SIDE / longer;
    const edges = [(longer - picture.width) / 2, (longer - picture.height) / 2];
    const [tx, ty] = edges.map((edge) => (edge + 0.5) * scale - 0.5);
    const square = sampled(picture, [scale, 0, tx, 0, scale, ty], DETECTOR_SIDE);
    const values = await runOn(this.detector, Float32Array.from(square, (v) => v / 127.5 - 1));
    const [raw, logits] = values, likely = [];
    for (let n = 0; n < logits.length; n++) {
      const sure = probability(logits[n]);
      if (sure < LIKELY) continue;
      const pair = (k) => [raw[n * 16 + 2 * k], raw[n * 16 + 2 * k + 1]];
      const placed = ([x, y]) => [x + ANCHORS[n][0] * DETECTOR_SIDE,
                                  y + ANCHORS[n][1] * DETECTOR_SIDE];
      const [x, y] = placed(pair(0)), [width, height] = pair(1);
      const corners = [[x - width / 2, y - height / 2], [x + width / 2, y + height / 2]];
      const points = [...corners, placed(pair(2)), placed(pair(3))].map(
        ([px, py]) => [px / scale - edges[0] - 0.5, py / scale - edges[1] - 0.5]);
      likely.push({ sure, points });
    }
    return merged(likely.sort((one, other) => other.sure - one.sure));
  }

  async #meshOf(picture, [low, high, left, right]) {
    const side = Math.max(high[0] - low[0], high[1] - low[1], 1);
    const scale = MESH_SIDE / (MESH_MARGIN * side);
    const [a, b, d, e] = turnBy(Math.atan2(right[1] - left[1], right[0] - left[0]), scale);
    const [x, y] = middleOf(low, high), half = (MESH_SIDE - 1) / 2;
    const [c, f] = [half - a * x - b * y, half - d * x - e * y];
    const cut = sampled(picture, [a, b, c, d, e, f], MESH_SIDE);
    const [places, logit] = await runOn(this.mesh, Float32Array.from(cut, (v) => v / 255));
    if (probability(logit[0]) < LIKELY) return null;
    const points = [], square = scale * scale;
    for (let n = 0; n < places.length; n += 3) {
      const [px, py] = [places[n] - 0.5 - c, places[n + 1] - 0.5 - f];
      points.push([(a * px + d * py) / square, (b * px + e * py) / square]);
    }
    const eyes = EYE_CORNERS.map(([one, other]) => middleOf(points[one], points[other]));
    return { eyes, points, box: distance(...eyes) / BOX_EYES };
  }
}

/** Both outputs of a network of one input, the larger one first. */
async function runOn(network, values) {
  const [name] = Object.keys(network.inputs);
  const outputs = Object.values(await network.run({ [name]: values }));
  return outputs.sort((one, other) => other.length - one.length);
}

/** Of several boxes of one face the mean, weighted by how sure they are. */
function merged(left) {
  const faces = [];
  while (left.length) {
    const same = left.filter((other, n) => !n || overlap(left[0].points, other.points) > SAME);
    const weight = same.reduce((sum, { sure }) => sum + sure, 0);
    faces.push(left[0].points.map((_, k) => [0, 1].map((axis) =>
      same.reduce((sum, { sure, points }) => sum + sure * points[k][axis], 0) / weight)));
    left = left.filter((other) => !same.includes(other));
  }
  return faces;
}

function overlap([low, high], [lower, higher]) {
  const area = (from, to) => Math.max(0, to[0] - from[0]) * Math.max(0, to[1] - from[1]);
  const shared = area([0, 1].map((k) => Math.max(low[k], lower[k])),
                      [0, 1].map((k) => Math.min(high[k], higher[k])));
  return shared / Math.max(area(low, high) + area(lower, higher) - shared, 1e-9);
}

/** Whether a face fills a picture, as one that was cut out before. */
export function fills(face, { width, height }) {
  return face.box >= FILLS * Math.max(width, height);
}

/** The same face with its eyes at their median over some frames: a blink does not move it. */
export function steadied(faces) {
  const near = faces.filter((face) => distance(middleOf(...face.eyes), middleOf(...faces[0].eyes))
    < faces[0].box / 4);
  const eyes = [0, 1].map((eye) => [0, 1].map((axis) =>
    median(near.map((face) => face.eyes[eye][axis]))));
  return { ...faces[0], eyes };
}

export function median(values) {
  const sorted = Float64Array.from(values).sort(), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Cuts one face out of pictures of one size, always by the same transform. */
export class FaceCut {
  constructor(face, picture, side) {
    this.face = face;
    this.middle = middleOf(...face.eyes);
    this.eyeDistance = distance(...face.eyes);
    this.side = side;
    this.whole = fills(face, picture);
    if (this.whole) return;
    const [left, right] = face.eyes;
    let scale = EYE_DISTANCE * side / Math.max(this.eyeDistance, 1e-6);
    // A face larger than the crop is cut larger and then shrunk, so that no detail is skipped.
    const finer = Math.max(1, Math.ceil(1 / scale - 1e-9));
    scale *= finer;
    const [a, b, d, e] = turnBy(Math.atan2(right[1] - left[1], right[0] - left[0]), scale);
    const [x, y] = this.middle, wide = side * finer;
    const matrix = [a, b, 0.5 * wide - 0.5 - a * x - b * y, d, e, EYE_LINE * wide - 0.5 - d * x - e * y];
    this.sampler = new Sampler(matrix, side, picture.width, picture.height,
                               { finer, smooth: finer === 1, border: "replicate" });
  }

  /** The face in a picture, RGB of side x side. */
  cut(picture) {
    if (!this.whole) return this.sampler.sample(picture);
    const { width, height } = picture;
    if (width >= this.side && height >= this.side)
      return withoutAlpha(shrink(picture, this.side, this.side));
    const [a, e] = [this.side / width, this.side / height];
    const matrix = [a, 0, (a - 1) / 2, 0, e, (e - 1) / 2];
    return new Sampler(matrix, this.side, width, height, { smooth: true, border: "replicate" })
      .sample(picture);
  }
}
