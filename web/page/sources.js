/**
 * Where pictures come from: a camera, a video file, picture files. Each source gives frames
 * { picture, time } (seconds) one after the other, and closes what it opened.
 */
import { PageError } from "./runtime.js";
import { median } from "./face.js";
import { PlaneReader } from "./planes.js";

const LONGEST = 1280; // pixels: larger pictures are shrunk, for the sake of phones
const LOOKED_AT = 12; // frames of a video that are played to learn its rate
const PATIENCE = 8000; // milliseconds to wait for a video
const SEEK_PATIENCE = 2000; // and for a frame of it

const VIDEO = /^video\/|\.(mp4|m4v|mov|webm|mkv|ogv|avi)$/i;
const PICTURE = /^image\//;

class Canvas {
  #canvas = document.createElement("canvas");
  #context = this.#canvas.getContext("2d", { willReadFrequently: true });

  grab(image, width, height) {
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.#canvas.width !== wide) this.#canvas.width = wide;
    if (this.#canvas.height !== high) this.#canvas.height = high;
    this.#context.drawImage(image, 0, 0, wide, high);
    return this.#context.getImageData(0, 0, wide, high);
  }
}

function event(target, name, failure) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(failure), PATIENCE);
    const done = (action) => (value) => { clearTimeout(timer); action(value); };
    target.addEventListener(name, done(resolve), { once: true });
    target.addEventListener("error", done(() => reject(failure)), { once: true });
  });
}

/** The newest frame of a camera, as often as there is time for one. */
export class CameraSource {
  live = true;
  #canvas = new Canvas();

  static async open(video) {
    if (!navigator.mediaDevices?.getUserMedia) throw new PageError("cameraInsecure");
    const source = new CameraSource();
    try {
      source.stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 60 },
                 facingMode: "user" } });
    } catch (error) {
      throw new PageError(error.name === "NotAllowedError" ? "cameraRefused" : "cameraMissing",
                          error.message);
    }
    source.video = video;
    video.srcObject = source.stream;
    await video.play();
    return source;
  }

  async *frames() {
    const { video } = this, [track] = this.stream.getVideoTracks();
    while (this.stream.active && track.readyState === "live") {
      const shown = await nextFrame(video);
      if (!this.stream.active) return;
      if (shown !== null && video.videoWidth)
        yield { picture: this.#canvas.grab(video, video.videoWidth, video.videoHeight),
                time: shown };
    }
  }

  close() {
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
  }
}

/** Time of the next frame that a video shows, or null where none comes. */
function nextFrame(video, patience = 1000) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), patience);
    const done = (time) => { clearTimeout(timer); resolve(time); };
    if (video.requestVideoFrameCallback)
      video.requestVideoFrameCallback((now, { mediaTime }) =>
        done(video.srcObject ? now / 1000 : mediaTime));
    else requestAnimationFrame((now) => done(now / 1000));
  });
}

/** Every frame of a video file, however long each takes. */
export class VideoSource {
  live = false;
  #canvas = new Canvas();
  #planes = new PlaneReader();

  static async open(video, blob, name) {
    const source = new VideoSource();
    source.video = video;
    source.url = URL.createObjectURL(blob);
    const failure = new PageError("videoUnreadable", name);
    const ready = event(video, "loadeddata", failure);
    Object.assign(video, { muted: true, loop: false, src: source.url });
    try {
      await ready;
      source.step = await source.#frameTime();
    } catch (error) {
      source.close();
      throw error instanceof PageError ? error : failure;
    }
    source.name = name;
    source.duration = Number.isFinite(video.duration) ? video.duration : Infinity;
    source.count = Math.max(1, Math.round(source.duration / source.step));
    return source;
  }

  /** Browsers do not say how long a frame lasts: some are played and timed. */
  async #frameTime() {
    const { video } = this, times = [];
    if (!video.requestVideoFrameCallback) return 1 / 30;
    video.playbackRate = 0.5;
    await video.play();
    while (times.length < LOOKED_AT && !video.ended) {
      const time = await nextFrame(video);
      if (time === null) break;
      times.push(time);
    }
    video.pause();
    // Frames that were not shown make steps longer, never shorter.
    const steps = times.slice(1).map((time, n) => time - times[n]).filter((step) => step > 1e-4);
    if (!steps.length) return 1 / 30;
    const least = Math.min(...steps);
    // The times of a container are rounded; the mean of equal steps is not.
    return median(steps.filter((step) => step < 1.5 * least)
      .map((_, __, all) => all.reduce((sum, step) => sum + step, 0) / all.length));
  }

  async *frames() {
    const { video, step } = this;
    let last = -1;
    for (let number = 0; number < this.count; number++) {
      const shown = await this.#seek(Math.min((number + 0.5) * step, this.duration - 1e-3));
      if (!this.url) return;
      // Of uneven steps, or a rate that was taken for a higher one, a frame may come twice.
      if (shown !== null && shown <= last) continue;
      last = shown ?? last;
      yield { picture: await this.#picture(), time: shown ?? number * step };
    }
  }

  async #picture() {
    const { video } = this, { videoWidth: width, videoHeight: height } = video;
    const exact = Math.max(width, height) <= LONGEST ? await this.#planes.grab(video) : null;
    return exact ?? this.#canvas.grab(video, width, height);
  }

  /** Show the frame of a time; returns when it begins, or null where the browser does not say. */
  async #seek(time) {
    const { video } = this;
    const there = event(video, "seeked", new PageError("videoUnreadable", this.name));
    // `seeked` may come before the new frame can be drawn.
    const shown = video.requestVideoFrameCallback ? nextFrame(video, SEEK_PATIENCE) : null;
    video.currentTime = time;
    await there;
    return shown;
  }

  close() {
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    URL.revokeObjectURL(this.url);
    this.url = null;
  }
}

/** Pictures of one size, in the order of the numbers in their names. */
export class PictureSource {
  live = false;
  step = 1 / 30;
  #canvas = new Canvas();

  static async open(files) {
    const source = new PictureSource();
    source.files = [...files].sort((one, other) =>
      one.name.localeCompare(other.name, "en", { numeric: true }));
    source.count = files.length;
    source.name = source.files[0].name;
    if (files.length < 2) throw new PageError("onePicture", source.name);
    return source;
  }

  async *frames() {
    let size = null;
    for (const [number, file] of this.files.entries()) {
      let image;
      try {
        image = await createImageBitmap(file, { colorSpaceConversion: "none" });
      } catch {
        throw new PageError("pictureUnreadable", file.name);
      }
      const { width, height } = image;
      size ??= [width, height];
      if (size[0] !== width || size[1] !== height)
        throw new PageError("pictureSize", file.name);
      const picture = this.#canvas.grab(image, width, height);
      image.close();
      yield { picture, time: number * this.step };
    }
  }

  close() {}
}

/** The source for files that were chosen or dropped. */
export async function openFiles(files, video) {
  const pictures = files.filter((file) => PICTURE.test(file.type));
  if (pictures.length) return PictureSource.open(pictures);
  const found = files.find((file) => VIDEO.test(file.type) || VIDEO.test(file.name));
  if (!found) throw new PageError("notAVideo", files[0]?.name ?? "");
  return VideoSource.open(video, found, found.name);
}
