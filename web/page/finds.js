/** Finds as cards of the page, and as CSV and JSON. */
import { facePicture, mapPicture } from "./draw.js";
import { text, nameOf } from "./texts.js";

const STRONG = 0.3, MOST = 3; // of units that are named; as PresetAnswer.strongest

function element(name, content = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = content;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Units that moved most, the strongest first. */
export function strongest(units) {
  const most = ({ left, right }) => Math.max(left, right);
  return [...units].sort((one, other) => most(other) - most(one)).slice(0, MOST)
    .filter((unit) => most(unit) >= STRONG);
}

function figure(canvas, words) {
  const made = element("figure");
  made.append(canvas, element("figcaption", words));
  return made;
}

/** The probabilities of the classes. */
function chancesOf(find) {
  const rows = element("dl", "", { class: "chances" });
  for (const [name, chance] of Object.entries(find.probabilities)) {
    const meter = element("meter", "", { min: 0, max: 1, value: chance, "aria-label": nameOf(name) });
    const value = element("dd");
    value.append(meter, element("span", `${(chance * 100).toFixed(0)} %`));
    rows.append(element("dt", nameOf(name)), value);
  }
  return rows;
}

/** A card of a find; number counts from 1. */
export function findCard(find, number, about) {
  const card = element("li", "", { class: "card" });
  card.append(element("h3", `${number}. ${find.label ? nameOf(find.label) : text("notSure")}`));
  card.append(element("p", text("findWhen", {
    onset: find.seconds[0].toFixed(2), apex: find.seconds[1].toFixed(2),
    strength: (find.strength * 100).toFixed(1), ms: find.milliseconds.toFixed(0) }),
    { class: "quiet" }));
  const pictures = element("div", "", { class: "pictures" });
  const faces = [text("onset"), text("apex")];
  find.faces.forEach((crop, k) =>
    pictures.append(figure(facePicture(crop, find.cropSide, `${text("face")}, ${faces[k]}`), faces[k])));
  ["u", "v", "strain"].forEach((name, channel) =>
    pictures.append(figure(mapPicture(find.flow, find.side, channel, text(`${name}Long`)), text(name))));
  card.append(pictures);
  card.append(find.label ? chancesOf(find) : element("p", text("notSureWhy")));
  if (find.movement !== null)
    card.append(element("p", text("movement", { chance: (find.movement * 100).toFixed(0) })));
  const units = strongest(find.units);
  if (units.length)
    card.append(element("p", `${text("units")}: ${units.map((unit) =>
      `${unit.name} (${text(unit.name) || about.units[unit.name]}; ${sideOf(unit)})`).join(", ")}`));
  return card;
}

function sideOf({ left, right }) {
  if (left > 2 * right) return text("left");
  return right > 2 * left ? text("right") : text("both");
}

/** What is written of a find: numbers and names alone, no picture. */
export function rowOf(find) {
  return {
    onset_frame: find.onset, apex_frame: find.apex,
    onset_second: round(find.seconds[0]), apex_second: round(find.seconds[1]),
    class: find.label ?? "not sure", movement: find.movement === null ? null : round(find.movement),
    strength: round(find.strength),
    ...Object.fromEntries(Object.entries(find.probabilities)
      .map(([name, chance]) => [`p_${name}`, round(chance)])),
    units: strongest(find.units).map((unit) => unit.name).join("+"),
  };
}

const round = (value) => Math.round(value * 1e4) / 1e4;

export function asCsv(finds) {
  const rows = finds.map(rowOf);
  const quoted = (value) => /[",\n]/.test(String(value))
    ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? "");
  const names = Object.keys(rows[0] ?? { class: "" });
  return [names, ...rows.map((row) => names.map((name) => row[name]))]
    .map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";
}

export function asJson(finds, about, source) {
  const written = finds.map((find) => ({
    ...rowOf(find),
    units: Object.fromEntries(find.units.map((unit) => [unit.name, [round(unit.left), round(unit.right)]])) }));
  return JSON.stringify({ model: about.name, source, finds: written }, null, 1);
}

/** Hand a text to the reader as a file. */
export function save(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = element("a", "", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
