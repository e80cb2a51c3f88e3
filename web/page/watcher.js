/**
 * From frames to finds: which two frames are given to the network, and when its answer is shown.
 *
 * The network computes flow, class, movement and units. Here is a rule for when to ask it: a face
 * that is away from where it was a moment ago, and back a moment later.
 */
import { FaceCut, distance, median, steadied } from "./face.js";

export const LOOKED_AT = 5; // frames on which the face is looked for, as in Python
const AGAIN = 0.5; // seconds after which it is looked for again
const MOVED = 0.05; // eye distances: a head that went further is followed anew
const BACK = 0.2; // seconds between the frames that are compared
const KEPT = 1.4; // seconds of faces that are held
const AFTER = 0.35; // seconds after an apex at which the face should be back
const RETURNED = 0.6; // of its strength, what may be left of a movement then
const LEAST = 0.012; // eye distances, and
const ABOVE_NOISE = 2.5; // times what is usual: below is no movement
const CLIP = 1.2; // seconds: what is shorter is answered as a whole
const EYES = 0.35; // distance of the eyes in parts of a map

/**
 * How far the most moved twentieth of a face went, in eye distances, without the shift, turn and
 * growth that the whole of it follows: those of the head.
 */
export function strengthOf(flow, side) {
  const count = side * side, centre = (side - 1) / 2;
  const cell = (n) => [flow[3 * n], flow[3 * n + 1], (n % side) - centre,
                       Math.floor(n / side) - centre];
  let far = new Float64Array(count), most = Infinity;
  // Twice: the second time without what the face did by itself.
  for (let pass = 0; pass < 2; pass++) {
    const sums = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let n = 0; n < count; n++) {
      if (far[n] > most) continue;
      const [u, v, x, y] = cell(n);
      [1, x, y, u, v, x * u + y * v, x * v - y * u, x * x + y * y].forEach(
        (value, k) => { sums[k] += value; });
    }
    const [weight, sx, sy, su, sv, growth, turn, square] = sums;
    const spread = square - (sx * sx + sy * sy) / weight;
    const grows = (growth - (sx * su + sy * sv) / weight) / spread;
    const turns = (turn - (sx * sv - sy * su) / weight) / spread;
    const right = (su - grows * sx + turns * sy) / weight;
    const down = (sv - turns * sx - grows * sy) / weight;
    far = far.map((_, n) => {
      const [u, v, x, y] = cell(n);
      return Math.hypot(u - right - grows * x + turns * y, v - down - turns * x - grows * y);
    });
    most = 2 * median(far);
  }
  const top = far.sort().subarray(Math.floor(0.95 * count));
  return top.reduce((sum, value) => sum + value, 0) / top.length / (EYES * side);
}

export class Watcher {
  /**
   * network: two crops to flow and answers. about: what it says of itself (models/model.json).
   * clip: all of it is one clip, cut by one transform; otherwise a head that moves is followed.
   */
  constructor(network, finder, about, { clip = false } = {}) {
    Object.assign(this, { network, finder, about, clip });
    this.side = network.sideOf("onset");
    this.restart();
    this.curve = []; // { time, strength }
    this.frames = 0;
    this.spent = { face: 0, cut: 0, network: 0 };
  }

  restart() {
    this.cut = null;
    this.seen = [];
    this.samples = []; // { time, index, crop }
    this.pairs = []; // { time, onset, apex, strength }
    this.looked = -Infinity;
    this.busyUntil = -Infinity; // what an earlier find spans
  }

  /** Take a frame; returns { face, strength, find } as far as there is any. */
  async push(picture, time) {
    const index = this.frames++;
    await this.#follow(picture, time);
    if (!this.cut) return { face: this.seen[0] ?? null, strength: null, find: null };
    let start = performance.now();
    const sample = { time, index, crop: this.cut.cut(picture) };
    this.spent.cut = performance.now() - start;
    this.samples.push(sample);
    while (!this.clip && this.samples[0].time < time - KEPT) this.samples.shift();
    const before = this.#at(time - BACK, time - BACK / 2);
    let strength = null;
    if (before) {
      const answer = await this.answer(before.crop, sample.crop);
      strength = answer.strength;
      this.curve.push({ time, strength });
      this.pairs.push({ time, onset: before, apex: sample, strength });
      while (this.pairs[0].time < time - KEPT) this.pairs.shift();
      if (this.curve.length > 3600) this.curve.splice(0, 600);
    }
    return { face: this.cut.face, strength, find: await this.#find(time) };
  }

  /** What the network says of two crops. */
  async answer(onset, apex) {
    const start = performance.now();
    const said = await this.network.run({ onset, apex });
    this.spent.network = performance.now() - start;
    const side = Math.sqrt(said.flow.length / 3);
    const { classes, threshold } = this.about, chances = Array.from(said.probabilities);
    const movement = said.movement ? said.movement[0] : null;
    const sure = movement === null || movement >= (threshold ?? 0);
    const units = Object.keys(this.about.units ?? {}).map((name, k) =>
      ({ name, left: said.units[2 * k], right: said.units[2 * k + 1] }));
    const best = chances.indexOf(Math.max(...chances));
    return {
      side, flow: said.flow, strength: strengthOf(said.flow, side), movement, units,
      probabilities: Object.fromEntries(classes.map((name, k) => [name, chances[k]])),
      label: sure && chances[best] >= 0.5 ? classes[best] : null,
      milliseconds: this.spent.network,
    };
  }

  /**
   * The answer about a clip as a whole: from its first frame to the strongest of those that the
   * network takes for an expression, or of all.
   */
  async wholeClip() {
    if (this.samples.length < 2) return null;
    const onset = this.samples[0];
    let best = null;
    for (const apex of this.samples.slice(1)) {
      const answer = await this.answer(onset.crop, apex.crop);
      const better = best && (answer.label !== null) === (best.answer.label !== null)
        ? answer.strength > best.answer.strength : answer.label !== null;
      if (!best || better) best = { apex, answer };
    }
    return this.#found(onset, best.apex, best.answer);
  }

  /** Cut a clip by the face in its first frames; whether there is one. */
  async fit(pictures) {
    for (const picture of pictures.slice(0, LOOKED_AT)) {
      const [face] = await this.finder.find(picture);
      if (face) this.seen.push(face);
    }
    this.#settle(pictures[0]);
    return this.cut !== null;
  }

  async #follow(picture, time) {
    if (this.cut && (this.clip || time - this.looked < AGAIN)) return;
    const start = performance.now();
    const [face] = await this.finder.find(picture);
    this.spent.face = performance.now() - start;
    this.looked = time;
    if (!face) {
      if (this.cut) this.restart();
      return;
    }
    if (this.cut) {
      const gone = distance(middle(face), this.cut.middle) / this.cut.eyeDistance;
      if (gone > MOVED) this.restart();
      else return;
    }
    this.seen.push(face);
    if (this.seen.length >= LOOKED_AT) this.#settle(picture);
  }

  /** Fix the transform by the faces that were seen. */
  #settle(picture) {
    if (this.seen.length) this.cut = new FaceCut(steadied(this.seen), picture, this.side);
  }

  #at(time, latest) {
    let best = null;
    for (const sample of this.samples) {
      if (sample.time > latest) break;
      if (!best || Math.abs(sample.time - time) < Math.abs(best.time - time)) best = sample;
    }
    return best;
  }

  /** A movement whose apex is so long ago that the face should be back. */
  async #find(time) {
    const usual = this.curve.length > 20
      ? median(this.curve.slice(-300).map(({ strength }) => strength)) : 0;
    const least = Math.max(LEAST, ABOVE_NOISE * usual);
    const due = this.pairs.find((pair) => !pair.done && pair.time <= time - AFTER);
    if (!due) return null;
    due.done = true;
    if (due.strength < least) return null;
    // The way back is as strong as the way there: it is told by what follows it, not by strength.
    const near = this.pairs.filter((pair) => Math.abs(pair.time - due.time) <= BACK / 2);
    if (near.some((pair) => pair.strength > due.strength)) return null;
    if (due.onset.time < this.busyUntil) return null;
    const after = this.samples.find((sample) => sample.time >= due.time + AFTER - 1e-3);
    const left = after ? await this.answer(due.onset.crop, after.crop) : null;
    if (left && left.strength > RETURNED * due.strength) return null;
    this.busyUntil = after?.time ?? time;
    return this.#found(due.onset, due.apex, await this.answer(due.onset.crop, due.apex.crop));
  }

  #found(onset, apex, answer) {
    return { onset: onset.index, apex: apex.index, seconds: [onset.time, apex.time],
             faces: [onset.crop, apex.crop], cropSide: this.side, ...answer };
  }
}

const middle = (face) => [0, 1].map((axis) => (face.eyes[0][axis] + face.eyes[1][axis]) / 2);

/** Whether a source is answered as a whole: pictures, and what is short. */
export function isClip(source) {
  return !source.live && (source.files !== undefined || source.count * source.step <= CLIP);
}
