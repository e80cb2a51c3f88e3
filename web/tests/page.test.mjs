/** The page as such: offline, camera, damage, keyboard, accessibility, memory. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { browser, BUILD, finds, give, host, LONG, open, problem, until } from "./harness.mjs";

let chromium, site;

before(async () => { [chromium, site] = await Promise.all([browser(), host()]); });
after(async () => { await chromium.close(); await site.close(); });

test("opens and answers again with the host gone", async () => {
  const other = await host();
  const { page, context } = await open(chromium, other);
  await until(page, () => navigator.serviceWorker.controller !== null);
  await other.close();
  await page.reload();
  await until(page, () => globalThis.dfrKeras?.ready);
  await page.click("#sample");
  assert.equal((await finds(page, 0))[0].label, "positive");
  await context.close();
});

test("a camera: the face is followed and the curve drawn, until stop", async () => {
  const { page, context } = await open(chromium, site);
  await page.click("#camera");
  await until(page, () => dfrKeras.watcher?.curve.length > 30);
  assert.equal(await page.isVisible("#stop"), true);
  await page.click("#stop");
  await until(page, () => dfrKeras.runs === 1);
  assert.equal(await page.isEnabled("#camera"), true);
  assert.equal(await page.evaluate(() => document.getElementById("video").srcObject), null);
  await context.close();
});

test("a camera that is refused", async () => {
  const { page, context } = await open(chromium, site);
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = async () => {
      throw new DOMException("no", "NotAllowedError");
    };
  });
  await page.click("#camera");
  await until(page, () => dfrKeras.runs === 1);
  assert.match(await problem(page), /not allowed/);
  await context.close();
});

const model = "models/model.tflite.gz", bytes = () => readFileSync(join(BUILD, "site", model));
for (const [what, content, words] of [
  ["cut off", () => bytes().subarray(0, 100_000), /cannot be loaded/],
  ["no network", () => Buffer.from("<html>not found</html>"), /damaged/],
  ["a network in name alone", () => Buffer.from("\x1c\0\0\0TFL3 and nothing more, for sure"), /damaged/],
  ["missing", () => null, /cannot be loaded/],
])
  test(`a model file that is ${what} gives a sentence`, async () => {
    const damaged = await host({ changed: { [model]: content() } });
    const { page, context, seen } = await open(chromium, damaged, { ready: false });
    await until(page, () => document.getElementById("problem").textContent);
    assert.match(await problem(page), words);
    assert.match(await problem(page), /model\.tflite/);
    assert.equal(await page.isDisabled("#sample"), true);
    assert.deepEqual(seen.errors, []);
    await context.close();
    await damaged.close();
  });

test("files that are no clip give sentences, and the page goes on", async () => {
  const { page, context } = await open(chromium, site);
  for (const [files, words] of [[["expected.json"], /neither/], [["site/icon-192.png"], /one picture/]]) {
    await give(page, files);
    assert.match(await problem(page), words);
  }
  await page.click("#sample");
  assert.equal((await finds(page, 2))[0].label, "positive");
  assert.equal(await problem(page), "");
  await context.close();
});

test("one thread without the headers that isolate a page, two where they are", async () => {
  const plain = await host({ isolated: false });
  for (const [where, path, threads] of [[plain, "?threads=2", 1], [site, "?threads=2", 2]]) {
    const { page, context } = await open(chromium, where, { path });
    assert.equal(await page.evaluate(() => dfrKeras.threads), threads);
    await context.close();
  }
  await plain.close();
});

test("works by keyboard, in German, and keeps the language", async () => {
  const { page, context } = await open(chromium, site, { locale: "de-DE" });
  assert.match(await page.textContent("h1"), /Mikroexpressionen/);
  await page.selectOption("#language", "en");
  await page.reload();
  await until(page, () => globalThis.dfrKeras?.ready);
  assert.match(await page.textContent("h1"), /Micro-expressions/);
  for (let n = 0; n < 10; n++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.id === "sample")) break;
  }
  await page.keyboard.press("Enter");
  assert.equal((await finds(page, 0))[0].label, "positive");
  await context.close();
});

for (const [width, colorScheme] of [[360, "light"], [1280, "dark"]])
  test(`axe finds nothing at ${width} px, ${colorScheme}`, async () => {
    const { page, context } = await open(chromium, site,
      { colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
    await page.click("#sample");
    await finds(page, 0);
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(violations.map(({ id, impact, nodes }) => [id, impact, nodes[0].html]), []);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${wide} px wide`);
    if (process.env.DFR_WEB_SHOTS)
      await page.screenshot({ path: join(process.env.DFR_WEB_SHOTS, `${width}.png`), fullPage: true });
    await context.close();
  });

test(`memory does not grow with a camera, ${LONG ? "10 minutes" : "20 seconds"}`, async () => {
  const { page, context } = await open(chromium, site);
  const session = await context.newCDPSession(page);
  const held = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize = 0 } = await session.send("Runtime.getHeapUsage");
    return usedSize + backingStorageSize;
  };
  const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  await page.click("#camera");
  await until(page, () => dfrKeras.watcher?.curve.length > 60);
  await wait(LONG ? 60 : 5);
  const early = await held();
  await wait(LONG ? 540 : 15);
  const late = await held(), frames = await page.evaluate(() => dfrKeras.watcher.frames);
  assert.ok(late - early < 5e6, `${early} bytes, ${late} after ${frames} frames`);
  console.log(`memory: ${(early / 1e6).toFixed(1)} MB, ${(late / 1e6).toFixed(1)} MB after ${frames} frames`);
  await context.close();
});
