/** What the page answers is what Python answers. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, BUILD, expected, finds, give, host, open } from "./harness.mjs";

const CLOSE = 0.02;
const largest = { pictures: 0, video: 0 };
let chromium, site, opened;

before(async () => {
  [chromium, site] = await Promise.all([browser(), host()]);
  opened = await open(chromium, site);
});
after(async () => { await chromium.close(); await site.close(); });

function assertClose(found, answer, name, kind) {
  assert.equal(found.label, answer.label, name);
  const pairs = Object.entries(answer.probabilities).map(
    ([label, chance]) => [label, found.probabilities[label], chance]);
  for (const [label, here, there] of [...pairs, ["movement", found.movement, answer.movement]]) {
    largest[kind] = Math.max(largest[kind], Math.abs(here - there));
    assert.ok(Math.abs(here - there) <= CLOSE,
              `${name}, ${label}: ${here} and ${there} in Python`);
  }
}

test("the sample: its expression is found and named, its blink is not", async () => {
  await opened.page.click("#sample");
  const [smile, ...others] = await finds(opened.page, 0);
  assert.deepEqual([smile.onset, smile.apex], expected.sample.frames);
  assertClose(smile, expected.sample.answer, "sample", "video");
  assert.ok(others.every(({ label }) => label === null), "a blink is named");
});

test("a video's pixels are those of OpenCV, bit by bit", async () => {
  const { files: [file], pixels } = expected.clips.find(({ files }) => files.length === 1);
  const content = readFileSync(join(BUILD, file)).toString("base64");
  const read = await opened.page.evaluate(async (given) => {
    const { VideoSource } = await import("./sources.js");
    const blob = new Blob([Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0))]);
    const source = await VideoSource.open(document.createElement("video"), blob, "clip"), sums = [];
    for await (const { picture } of source.frames()) {
      const rgb = picture.data.filter((_, n) => n % 4 < 3);
      const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", rgb));
      sums.push(Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join(""));
    }
    source.close();
    return sums;
  }, content);
  assert.deepEqual(read, pixels);
});

test("a browser without VideoFrame answers by its canvas", async () => {
  const { page, context } = await open(chromium, site);
  await page.evaluate(() => { delete globalThis.VideoFrame; });
  const clip = expected.clips.find(({ files }) => files.length === 1);
  const [find] = await give(page, clip.files);
  assert.equal(find.label, clip.answers[find.apex].label);
  await context.close();
});

for (const clip of expected.clips)
  test(`${clip.name}, drawn as ${clip.label}`, async () => {
    const [find, ...others] = await give(opened.page, clip.files);
    assert.equal(others.length, 0);
    assert.equal(find.onset, 0);
    assertClose(find, clip.answers[find.apex], clip.name,
                clip.files.length > 1 ? "pictures" : "video");
  });

test("how close", () => {
  console.log(`largest difference from Python: ${JSON.stringify(largest)}`);
  assert.ok(largest.pictures > 0 && largest.video > 0);
});

test("finds are written as CSV and JSON", async () => {
  const { page } = opened, files = {};
  for (const kind of ["csv", "json"]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(`#${kind}`)]);
    const chunks = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    files[kind] = Buffer.concat(chunks).toString();
  }
  const [header, row] = files.csv.trim().split("\r\n").map((line) => line.split(","));
  assert.equal(header.length, row.length);
  const { finds: [written] } = JSON.parse(files.json);
  assert.equal(written.class, row[header.indexOf("class")]);
  assert.equal(String(written.apex_frame), row[header.indexOf("apex_frame")]);
});

test("all of it asked no other host for anything", () => {
  const { seen } = opened;
  assert.ok(seen.requests.length > 10);
  const foreign = seen.requests.filter((url) => !url.startsWith(site.url)
    && !url.startsWith(`blob:${site.url}`));
  assert.deepEqual(foreign, []);
  assert.deepEqual(seen.errors, []);
});
