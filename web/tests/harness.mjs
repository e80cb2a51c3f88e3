/** A browser, a host of static files, and what tests do with the page. */
import { readFileSync, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, resolve as absolute } from "node:path";
import bundled from "@sparticuz/chromium";
import { chromium } from "playwright-core";

export const BUILD = absolute(process.env.DFR_WEB_BUILD ?? "../build/web");
export const LONG = process.env.DFR_WEB_LONG === "1";
export const expected = JSON.parse(readFileSync(join(BUILD, "expected.json"), "utf8"));

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css",
  ".svg": "image/svg+xml", ".png": "image/png", ".webm": "video/webm", ".txt": "text/plain",
  ".json": "application/json", ".webmanifest": "application/manifest+json" };

/** Any host of static files. changed: content of files by name, in place of the site's. */
export async function host({ isolated = true, changed = {} } = {}) {
  const sent = { bytes: 0 };
  const server = createServer((request, response) => {
    const name = new URL(request.url, "http://x").pathname.slice(1) || "index.html";
    const path = join(BUILD, "site", name);
    const there = existsSync(path) && statSync(path).isFile();
    const content = name in changed ? changed[name] : there ? readFileSync(path) : null;
    if (content === null) return response.writeHead(404).end();
    const headers = { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream" };
    if (isolated) Object.assign(headers, { "Cross-Origin-Opener-Policy": "same-origin",
                                           "Cross-Origin-Embedder-Policy": "require-corp" });
    sent.bytes += content.length;
    response.writeHead(200, headers).end(content);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://localhost:${server.address().port}/`, sent,
           close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }) };
}

export async function browser() {
  return chromium.launch({
    executablePath: process.env.DFR_WEB_CHROMIUM ?? await bundled.executablePath(), headless: true,
    // Of the bundled flags those that let Chromium run without a desktop; a page is one process.
    args: ["--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-dev-shm-usage",
           "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
           `--use-file-for-fake-video-capture=${join(BUILD, "camera.mjpeg")}`,
           "--enable-precise-memory-info"] });
}

/** A page of the site, with all that it asks for and says. */
export async function open(browser, site, { path = "?threads=1", ready = true, ...options } = {}) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  const page = await context.newPage();
  const seen = { requests: [], errors: [] };
  context.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security|Refused/.test(message.text()))
      seen.errors.push(message.text());
  });
  await page.goto(site.url + path);
  if (ready) await until(page, () => globalThis.dfrKeras?.ready);
  return { page, context, seen };
}

/** Wait for something to be true in the page; its policy forbids what Playwright would do. */
export async function until(page, condition, argument, seconds = 120) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await page.evaluate(condition, argument);
    if (value) return value;
    if (Date.now() > end) {
      const said = await page.evaluate(() => ["problem", "status"].map(
        (id) => document.getElementById(id)?.textContent).join(" | "));
      throw new Error(`waited ${seconds} s for ${condition}; the page says: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Give files to the page; returns what it found. */
export async function give(page, files) {
  const runs = await page.evaluate(() => dfrKeras.runs);
  await page.setInputFiles("#files", files.map((file) => join(BUILD, file)));
  return finds(page, runs);
}

export async function finds(page, runs) {
  await until(page, (before) => dfrKeras.runs > before, runs);
  return page.evaluate(() => dfrKeras.finds.map(
    ({ onset, apex, label, probabilities, movement, units }) =>
      ({ onset, apex, label, probabilities, movement, units })));
}

export const problem = (page) => page.textContent("#problem");
