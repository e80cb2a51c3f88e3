/** Pictures of the page: the stage, the curve, the maps, the thumbnails. */

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function canvasOf(width, height, label) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  return canvas;
}

/** The current picture and the points of the face. */
export function drawStage(canvas, { data, width, height }, face, mirrored) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.classList.toggle("mirrored", mirrored);
  const context = canvas.getContext("2d");
  context.putImageData(new ImageData(data, width, height), 0, 0);
  if (!face) return;
  context.fillStyle = colour("face");
  const dot = Math.max(1, width / 400);
  for (const [x, y] of face.points) context.fillRect(x - dot / 2, y - dot / 2, dot, dot);
}

/** Movement over the last seconds; a find is a dot. */
export function drawCurve(canvas, curve, finds, { seconds, unit }) {
  const scale = Math.min(2, window.devicePixelRatio || 1);
  const [width, height] = [canvas.clientWidth * scale, canvas.clientHeight * scale].map(Math.round);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  if (!curve.length) return;
  const end = curve.at(-1).time, start = Math.max(curve[0].time, end - seconds);
  const span = Math.max(end - start, 1), shown = curve.filter(({ time }) => time >= start);
  const top = Math.max(0.04, ...shown.map(({ strength }) => strength)) * 1.15;
  const x = (time) => ((time - start) / span) * (width - 8 * scale) + 4 * scale;
  const y = (strength) => height - 4 * scale - (strength / top) * (height - 24 * scale);
  context.strokeStyle = colour("curve");
  context.lineWidth = 2 * scale;
  context.beginPath();
  shown.forEach(({ time, strength }, n) =>
    context[n ? "lineTo" : "moveTo"](x(time), y(strength)));
  context.stroke();
  context.fillStyle = colour("accent");
  for (const find of finds) {
    if (find.seconds[1] < start) continue;
    context.beginPath();
    context.arc(x(find.seconds[1]), y(Math.min(find.strength, top)), 5 * scale, 0, 2 * Math.PI);
    context.fill();
  }
  context.fillStyle = colour("quiet");
  context.font = `${12 * scale}px system-ui, sans-serif`;
  context.fillText(`${(top * 100).toFixed(0)} % ${unit}`, 6 * scale, 14 * scale);
}

/** A face that was cut out, RGB. */
export function facePicture(crop, side, label) {
  const canvas = canvasOf(side, side, label), data = new Uint8ClampedArray(side * side * 4);
  for (let n = 0, from = 0; n < data.length; n += 4, from += 3) {
    [data[n], data[n + 1], data[n + 2], data[n + 3]] = [crop[from], crop[from + 1], crop[from + 2], 255];
  }
  canvas.getContext("2d").putImageData(new ImageData(data, side, side), 0, 0);
  return canvas;
}

const BLUE = [33, 102, 172], RED = [178, 24, 43], DARK = [13, 8, 60], LIGHT = [252, 200, 70];

function between(from, to, share) {
  return from.map((value, k) => value + (to[k] - value) * share);
}

/** One channel of the flow: u and v from blue over white to red, strain from dark to light. */
export function mapPicture(flow, side, channel, label) {
  const canvas = canvasOf(side, side, label), data = new Uint8ClampedArray(side * side * 4);
  let most = 1e-6;
  for (let n = channel; n < flow.length; n += 3) most = Math.max(most, Math.abs(flow[n]));
  for (let n = 0; n < side * side; n++) {
    const value = flow[3 * n + channel] / most;
    const shade = channel === 2 ? between(DARK, LIGHT, value)
      : between([247, 247, 247], value < 0 ? BLUE : RED, Math.abs(value));
    data.set([...shade, 255], 4 * n);
  }
  canvas.getContext("2d").putImageData(new ImageData(data, side, side), 0, 0);
  canvas.classList.add("map");
  return canvas;
}
