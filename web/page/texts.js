/** All words of the page, in two languages. A key that a language lacks is shown in English. */

const TEXTS = {
  en: {
    title: "Micro-expressions, on this device",
    lead: "Camera or video in, movements of the face found and named. Nothing leaves this device: the page has no server, and works without a network once it is loaded.",
    language: "Language", camera: "Use the camera", open: "Open a video or pictures", sample: "Try the sample", stop: "Stop",
    drop: "or drop a video, or the frames of a clip as pictures, anywhere on this page",
    stageLabel: "Picture with the points of the face", curveLabel: "How much the face moves, over the last seconds", curve: "Movement", curveUnit: "of the distance between the eyes",
    finds: "Finds", noFinds: "None yet.", csv: "Save as CSV", json: "Save as JSON",
    what: "What this is, and what it is not",
    whatIs: "A demonstration of dfrnet_keras. A network compares two pictures of a face a fifth of a second apart, computes how the skin moved, and says which of three classes of expression such a movement was called in the drawings it learnt from.",
    learnt: "The network learnt from: {what}.",
    notFor: "Not for: {what}.",
    isNot: "A movement is no proof of a feeling. On real people nothing of this page was measured. Where the network is not sure, it says so; where it is, it may be wrong.",
    "lie detection": "lie detection", hiring: "hiring", "clinical use": "clinical use", surveillance: "surveillance", "any decision about a person": "any decision about a person",
    drawn: "drawn faces and movements alone; no real clip",
    loading: "Loading the networks …", ready: "Ready.", readyOffline: "Ready, also without a network.", finding: "Looking for a face …", noFace: "No face is seen: move nearer, or into the light.",
    watching: "Watching. {rate} pictures a second.", reading: "Frame {number} of {count}.", done: "Done: {finds} in {frames} frames.", oneFind: "one find", manyFinds: "{count} finds", stopped: "Stopped.",
    clipStill: "Nothing moved in this clip.",
    progress: "Frames read", times: "Time spent", timesLine: "Last picture: face {face} ms, cutting out {cut} ms, flow and network {network} ms. WASM, {threads} thread(s). First answer {first} ms after opening the page.",
    onset: "onset", apex: "apex", face: "Face", u: "u", v: "v", strain: "strain", uLong: "Movement to the right, red, or to the left, blue", vLong: "Movement downwards, red, or upwards, blue", strainLong: "Strain of the skin, light where strong",
    findWhen: "Seconds {onset} to {apex}, {strength} % of the distance between the eyes, answered in {ms} ms", notSure: "Not sure", notSureWhy: "Something moved, but not as the expressions that the network knows.",
    movement: "Probability of an expression: {chance} %", units: "Action units", left: "left of the picture", right: "right of the picture", both: "both sides",
    negative: "Negative", positive: "Positive", surprise: "Surprise",
    source: "Source code and documentation: the package dfrnet_keras (Apache-2.0). Licences of all that this page contains: ", notice: "NOTICE",
    cameraRefused: "The camera was not allowed: allow it in the address bar, or open a video.",
    cameraMissing: "No camera can be opened ({detail}): connect one, or open a video.",
    cameraInsecure: "Browsers give the camera to https and to localhost only: open the page there, or open a video.",
    videoUnreadable: "{detail} cannot be read by this browser: convert it to MP4 (H.264) or WebM.",
    notAVideo: "{detail} is neither a video nor a picture: give a video, or the frames of a clip.",
    onePicture: "{detail} is one picture: give two or more frames of a clip.", pictureUnreadable: "{detail} is no picture that this browser reads: give PNG or JPEG.", pictureSize: "{detail} has another size than the first picture: give frames of one size.",
    modelBroken: "{detail} is damaged: load the page again, or write the site anew with dfr-keras web.",
    fileMissing: "{detail} cannot be loaded: check the network, then load the page again.",
    runtimeBroken: "This browser cannot run the networks ({detail}): try a current Chrome, Edge, Firefox or Safari.",
  },
  de: {
    title: "Mikroexpressionen, auf diesem Gerät",
    lead: "Kamera oder Video hinein, Bewegungen des Gesichts gefunden und benannt. Nichts verlässt dieses Gerät: Die Seite hat keinen Server und läuft, einmal geladen, auch ohne Netz.",
    language: "Sprache", camera: "Kamera benutzen", open: "Video oder Bilder öffnen", sample: "Beispiel ansehen", stop: "Anhalten",
    drop: "oder ein Video oder die Einzelbilder eines Clips irgendwo auf diese Seite ziehen",
    stageLabel: "Bild mit den Punkten des Gesichts", curveLabel: "Wie sehr sich das Gesicht bewegt, über die letzten Sekunden", curve: "Bewegung", curveUnit: "des Augenabstands",
    finds: "Funde", noFinds: "Noch keine.", csv: "Als CSV sichern", json: "Als JSON sichern",
    what: "Was das ist, und was nicht",
    whatIs: "Eine Vorführung von dfrnet_keras. Ein Netz vergleicht zwei Bilder eines Gesichts im Abstand von einer Fünftelsekunde, berechnet, wie sich die Haut bewegt hat, und sagt, zu welcher von drei Klassen von Ausdrücken eine solche Bewegung in den Zeichnungen gehörte, aus denen es gelernt hat.",
    learnt: "Gelernt hat das Netz aus: {what}.",
    notFor: "Nicht für: {what}.",
    isNot: "Eine Bewegung beweist kein Gefühl. An wirklichen Menschen wurde nichts von dieser Seite gemessen. Wo das Netz unsicher ist, sagt es das; wo es sicher ist, kann es irren.",
    "lie detection": "Lügenerkennung", hiring: "Einstellung von Personal", "clinical use": "klinischen Gebrauch", surveillance: "Überwachung", "any decision about a person": "Entscheidungen über Menschen",
    drawn: "gezeichneten Gesichtern und Bewegungen allein, ohne einen wirklichen Clip",
    loading: "Die Netze werden geladen …", ready: "Bereit.", readyOffline: "Bereit, auch ohne Netz.", finding: "Ein Gesicht wird gesucht …", noFace: "Kein Gesicht zu sehen: näher kommen, oder ins Licht.",
    watching: "Es wird beobachtet. {rate} Bilder je Sekunde.", reading: "Bild {number} von {count}.", done: "Fertig: {finds} in {frames} Bildern.", oneFind: "ein Fund", manyFinds: "{count} Funde", stopped: "Angehalten.",
    clipStill: "In diesem Clip hat sich nichts bewegt.",
    progress: "Gelesene Bilder", times: "Zeitaufwand", timesLine: "Letztes Bild: Gesicht {face} ms, Ausschneiden {cut} ms, Fluss und Netz {network} ms. WASM, {threads} Thread(s). Erste Antwort {first} ms nach dem Öffnen der Seite.",
    onset: "Onset", apex: "Apex", face: "Gesicht", u: "u", v: "v", strain: "Dehnung", uLong: "Bewegung nach rechts, rot, oder links, blau", vLong: "Bewegung nach unten, rot, oder oben, blau", strainLong: "Dehnung der Haut, hell wo stark",
    findWhen: "Sekunde {onset} bis {apex}, {strength} % des Augenabstands, beantwortet in {ms} ms", notSure: "Unsicher", notSureWhy: "Etwas hat sich bewegt, aber nicht wie die Ausdrücke, die das Netz kennt.",
    movement: "Wahrscheinlichkeit eines Ausdrucks: {chance} %", units: "Action Units", left: "links im Bild", right: "rechts im Bild", both: "beidseitig",
    negative: "Negativ", positive: "Positiv", surprise: "Überraschung",
    AU1: "Braue innen hoch", AU2: "Braue außen hoch", AU4: "Braue herab", AU5: "Oberlid hoch", AU6: "Wange hoch", AU7: "Lid gespannt", AU9: "Nase gerümpft", AU10: "Oberlippe hoch", AU12: "Mundwinkel hoch", AU14: "Grübchen", AU15: "Mundwinkel herab", AU17: "Kinn hoch", AU20: "Lippen breit", AU24: "Lippen gepresst", AU26: "Lippen öffnen sich oder Kiefer sinkt", AU45: "Blinzeln",
    source: "Quelltext und Dokumentation: das Paket dfrnet_keras (Apache-2.0). Lizenzen von allem, was diese Seite enthält: ", notice: "NOTICE",
    cameraRefused: "Die Kamera wurde nicht erlaubt: in der Adresszeile erlauben, oder ein Video öffnen.",
    cameraMissing: "Keine Kamera lässt sich öffnen ({detail}): eine anschließen, oder ein Video öffnen.",
    cameraInsecure: "Browser geben die Kamera nur https und localhost: die Seite dort öffnen, oder ein Video öffnen.",
    videoUnreadable: "{detail} kann dieser Browser nicht lesen: in MP4 (H.264) oder WebM umwandeln.",
    notAVideo: "{detail} ist weder Video noch Bild: ein Video oder die Einzelbilder eines Clips geben.",
    onePicture: "{detail} ist ein einziges Bild: zwei oder mehr Bilder eines Clips geben.", pictureUnreadable: "{detail} ist kein Bild, das dieser Browser liest: PNG oder JPEG geben.", pictureSize: "{detail} hat eine andere Größe als das erste Bild: Bilder einer Größe geben.",
    modelBroken: "{detail} ist beschädigt: die Seite neu laden, oder neu schreiben mit dfr-keras web.",
    fileMissing: "{detail} lässt sich nicht laden: das Netz prüfen, dann die Seite neu laden.",
    runtimeBroken: "Dieser Browser kann die Netze nicht ausführen ({detail}): ein aktuelles Chrome, Edge, Firefox oder Safari versuchen.",
  },
};

let language = "en";

export const languages = Object.keys(TEXTS);

export function chooseLanguage(name) {
  language = languages.includes(name) ? name : "en";
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-text]"))
    node.textContent = text(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]"))
    node.setAttribute("aria-label", text(node.dataset.label));
  document.title = text("title");
  return language;
}

/** The words of a key; {name} in them is replaced. Empty where there are none. */
export function text(key, values = {}) {
  const words = TEXTS[language][key] ?? TEXTS.en[key] ?? "";
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** A class in the language of the page; of a network of your own, as it is called there. */
export const nameOf = (label) => text(label) || label;
