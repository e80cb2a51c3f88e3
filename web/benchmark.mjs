/**
 * The figures of docs/web.md: `make benchmark-web`.
 *
 * One WASM thread of a headless Chromium; the camera is Chromium's fake one, 640 x 480, which shows
 * a drawn face at 30 frames a second.
 */
import { cpus, loadavg } from "node:os";
import { AxeBuilder } from "@axe-core/playwright";
import { browser, finds, host, open, until } from "./tests/harness.mjs";

const OPENINGS = 5, SECONDS = 10;
const middle = (values) => values.sort((one, other) => one - other)[values.length >> 1];
const busy = () => {
  const times = cpus().map(({ times: { user, nice, sys, irq, idle } }) =>
    [user + nice + sys + irq, idle]);
  return [0, 1].map((k) => times.reduce((sum, pair) => sum + pair[k], 0));
};

const chromium = await browser(), openings = [], before = busy();
let bytes;
for (let n = 0; n < OPENINGS; n++) {
  const site = await host();
  const { page, context } = await open(chromium, site, { serviceWorkers: "block" });
  await page.click("#sample");
  openings.push(await until(page, () => dfrKeras.first));
  bytes = site.sent.bytes;
  await context.close();
  await site.close();
}
const site = await host();
const { page, context } = await open(chromium, site, { bypassCSP: true });
await page.click("#camera");
await until(page, () => dfrKeras.watcher?.curve.length > 30);
const spent = [], start = await page.evaluate(() => [dfrKeras.watcher.frames, performance.now()]);
for (let n = 0; n < SECONDS * 5; n++) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  spent.push(await page.evaluate(() => ({ ...dfrKeras.watcher.spent })));
}
const end = await page.evaluate(() => [dfrKeras.watcher.frames, performance.now()]);
const size = await page.evaluate(() => [video.videoWidth, video.videoHeight]);
await page.click("#stop");
await until(page, () => dfrKeras.runs === 1);
await page.click("#sample");
await finds(page, 1);
const { violations } = await new AxeBuilder({ page }).analyze();
const after = busy(), [worked, idle] = [0, 1].map((k) => after[k] - before[k]);
console.log(JSON.stringify({
  chromium: chromium.version(), processors: `${cpus().length} x ${cpus()[0].model}`,
  processors_busy: `${(100 * worked / (worked + idle)).toFixed(0)} %`, load: loadavg()[0],
  first_answer_s: { median: middle(openings) / 1000, least: openings[0] / 1000, of: OPENINGS },
  bytes_to_first_answer: bytes, camera: size.join(" x "),
  frames_a_second: (end[0] - start[0]) / ((end[1] - start[1]) / 1000),
  milliseconds: Object.fromEntries(["face", "cut", "network"].map((name) =>
    [name, middle(spent.map((one) => one[name]))])),
  axe_findings: violations.map(({ id, impact }) => [id, impact]),
}, null, 1));
await context.close();
await chromium.close();
await site.close();
