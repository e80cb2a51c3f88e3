/** The page: what the buttons do, and what is shown while pictures come in. */
import { fetchBytes, Network, PageError, startRuntime, threadsFor } from "./runtime.js";
import { FaceFinder } from "./face.js";
import { CameraSource, openFiles, VideoSource } from "./sources.js";
import { isClip, LOOKED_AT, Watcher } from "./watcher.js";
import { drawCurve, drawStage } from "./draw.js";
import { asCsv, asJson, findCard, save } from "./finds.js";
import { chooseLanguage, languages, text } from "./texts.js";

const SHOWN = 20; // cards on the page; all finds are kept for the files
const CURVE_SECONDS = 10;
const SAMPLE = "sample.webm";
const asked = new URLSearchParams(location.search);
const part = (id) => document.getElementById(id);

const page = { source: null, finds: [], about: null, first: null, runs: 0, status: ["loading", {}] };
// What tests and the benchmark read; the page itself does not.
globalThis.dfrKeras = page;

function say(key, values = {}) {
  page.status = [key, values];
  const words = text(key, values);
  if (part("status").textContent !== words) part("status").textContent = words;
}

function complain(error) {
  const known = error instanceof PageError;
  if (!known) console.error(error);
  part("problem").textContent = known ? text(error.key, { detail: error.detail })
    : text("runtimeBroken", { detail: error.message ?? error });
  part("status").textContent = "";
}

function showLanguage(name) {
  localStorage.setItem("language", chooseLanguage(name));
  part("language").value = document.documentElement.lang;
  if (page.about) {
    const { learnt_from: learnt, not_for: notFor, preset } = page.about;
    part("learnt").textContent = learnt
      ? text("learnt", { what: preset ? text("drawn") : learnt }) : "";
    part("not-for").textContent = notFor
      ? text("notFor", { what: notFor.map((what) => text(what) || what).join(", ") }) : "";
  }
  say(...page.status);
  showFinds();
}

function showFinds() {
  const cards = page.finds.map((find, k) => [find, k + 1]).slice(-SHOWN).reverse();
  part("finds").replaceChildren(...cards.map(([find, k]) => findCard(find, k, page.about)));
  part("no-finds").hidden = page.finds.length > 0;
  part("csv").disabled = part("json").disabled = !page.finds.length;
}

function keep(find) {
  page.finds.push(find);
  // Pictures of finds that are no longer shown are let go.
  const old = page.finds.at(-SHOWN - 1);
  if (old) old.faces = old.flow = null;
  page.first ??= performance.now();
  part("finds").prepend(findCard(find, page.finds.length, page.about));
  if (part("finds").children.length > SHOWN) part("finds").lastElementChild.remove();
  part("no-finds").hidden = true;
  part("csv").disabled = part("json").disabled = false;
}

function showTimes(watcher) {
  const { face, cut, network } = watcher.spent;
  part("times").textContent = text("timesLine", {
    face: face.toFixed(0), cut: cut.toFixed(0), network: network.toFixed(0),
    threads: page.threads, first: page.first === null ? "–" : page.first.toFixed(0) });
}

function showWhile(source) {
  page.source = source;
  for (const id of ["camera", "open", "sample"]) part(id).disabled = source !== null;
  part("stop").hidden = source === null;
  if (source) {
    part("watch").hidden = false;
    part("notice").open = false; // it has been shown, and would push the picture off a phone
    part("problem").textContent = "";
    part("stop").focus();
  } else part("camera").focus();
  part("progress").hidden = !source || source.live;
}

/** Watch a source until it ends or is stopped. */
async function watch(open) {
  let source = null;
  try {
    source = await open();
    showWhile(source);
    page.finds = [];
    showFinds();
    const watcher = new Watcher(page.network, page.finder, page.about, { clip: isClip(source) });
    page.watcher = watcher;
    await (watcher.clip ? watchClip(source, watcher) : watchStream(source, watcher));
    if (page.source !== source) say("stopped");
    else if (page.status[0] !== "noFace" && page.status[0] !== "clipStill") {
      const count = page.finds.length;
      say("done", { finds: text(count === 1 ? "oneFind" : "manyFinds", { count }),
                    frames: watcher.frames });
    }
  } catch (error) {
    complain(error);
  } finally {
    source?.close();
    if (page.source === source) showWhile(null);
    page.runs += 1;
  }
}

/** A recording or a camera: finds are shown as they come. */
async function watchStream(source, watcher) {
  say("finding");
  const times = [];
  for await (const { picture, time } of source.frames()) {
    if (page.source !== source) return;
    const seen = await watcher.push(picture, time);
    times.push(performance.now());
    if (times.length > 31) times.shift();
    page.rate = times.length > 1 ? ((times.length - 1) * 1000) / (times.at(-1) - times[0]) : 0;
    if (seen.find) keep(seen.find);
    if (seen.strength !== null) page.first ??= performance.now();
    show(source, watcher, picture, seen.face);
  }
}

function show(source, watcher, picture, face) {
  drawStage(part("stage"), picture, face, source.live);
  drawCurve(part("curve"), watcher.curve, page.finds,
            { seconds: source.live ? CURVE_SECONDS : Infinity, unit: text("curveUnit") });
  showTimes(watcher);
  if (!face) say("noFace");
  else if (!watcher.cut) say("finding");
  else if (source.live) say("watching", { rate: page.rate.toFixed(0) });
  else if (watcher.frames % 10 === 0) say("reading", { number: watcher.frames, count: source.count });
  if (!source.live) part("progress").value = watcher.frames / source.count;
}

/** A short clip: one answer, from its first frame to its strongest. */
async function watchClip(source, watcher) {
  say("finding");
  const first = [];
  for await (const { picture, time } of source.frames()) {
    if (page.source !== source) return;
    first.push({ picture, time });
    if (watcher.cut) await take(first.pop());
    else if (first.length === Math.min(LOOKED_AT, source.count)) {
      if (!(await watcher.fit(first.map((frame) => frame.picture)))) return say("noFace");
      for (const frame of first) await take(frame);
    }
  }
  async function take({ picture, time }) {
    const { face } = await watcher.push(picture, time);
    show(source, watcher, picture, face);
  }
  const find = await watcher.wholeClip();
  if (!find) return say("clipStill");
  keep(find);
  showTimes(watcher);
}

function stop() {
  const { source } = page;
  showWhile(null);
  source?.close();
}

function connect() {
  const video = part("video");
  part("camera").onclick = () => watch(() => CameraSource.open(video));
  part("sample").onclick = () => watch(async () =>
    VideoSource.open(video, new Blob([await fetchBytes(SAMPLE)], { type: "video/webm" }), SAMPLE));
  part("stop").onclick = stop;
  part("open").onclick = () => part("files").click();
  part("files").onchange = ({ target }) => {
    const files = [...target.files];
    target.value = "";
    if (files.length) watch(() => openFiles(files, video));
  };
  part("csv").onclick = () => save("finds.csv", "text/csv", asCsv(page.finds));
  part("json").onclick = () =>
    save("finds.json", "application/json", asJson(page.finds, page.about, page.source?.name ?? ""));
  part("language").onchange = ({ target }) => showLanguage(target.value);
  const dropping = (on) => (event) => {
    event.preventDefault();
    document.body.classList.toggle("dropping", on);
  };
  document.addEventListener("dragover", dropping(true));
  document.addEventListener("dragleave", dropping(false));
  document.addEventListener("drop", (event) => {
    dropping(false)(event);
    const files = [...event.dataTransfer.files];
    if (files.length && !page.source && page.network) watch(() => openFiles(files, video));
  });
}

async function start() {
  showLanguage(localStorage.getItem("language")
    ?? navigator.languages.map((name) => name.slice(0, 2)).find((name) => languages.includes(name)));
  connect();
  try {
    const threads = threadsFor(Number(asked.get("threads") ?? 0));
    const [about, finder, network] = await Promise.all([
      fetchBytes("models/model.json").then((bytes) => JSON.parse(new TextDecoder().decode(bytes))),
      FaceFinder.load(threads),
      Network.load("models/model.tflite.gz", threads)]);
    const { build, threads: used } = await startRuntime(threads);
    Object.assign(page, { about, finder, network, build, threads: used });
    // Once without a picture, so that the first answer is as quick as the others.
    const side = network.sideOf("onset"), still = new Uint8Array(side * side * 3);
    await new Watcher(network, finder, about).answer(still, still);
  } catch (error) {
    complain(error);
    return;
  }
  showLanguage(document.documentElement.lang);
  for (const id of ["camera", "open", "sample"]) part(id).disabled = false;
  say("ready");
  page.ready = performance.now();
  if (await offline()) say(...(page.status[0] === "ready" ? ["readyOffline"] : page.status));
}

/** Keep the site for when there is no network; whether it is kept. */
async function offline() {
  if (!("serviceWorker" in navigator)) return false;
  try {
    await navigator.serviceWorker.register(`service-worker.js?build=${page.build}`);
    await navigator.serviceWorker.ready;
    return true;
  } catch (error) {
    console.warn(error);
    return false;
  }
}

start();
