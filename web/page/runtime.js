/** The networks: .tflite files on LiteRT.js, and nothing else that computes answers. */

// LiteRT.js names this global without a guard in browsers that have no WebGPU.
globalThis.GPUBuffer ??= class GPUBuffer {};

const GZIP = [0x1f, 0x8b];

/** What went wrong, as a key of the table of texts, and the file that it is about. */
export class PageError extends Error {
  constructor(key, detail = "") {
    super(`${key}: ${detail}`);
    this.key = key;
    this.detail = detail;
  }
}

/** The content of a file of the site. Large files lie there packed, so that any host will do. */
export async function fetchBytes(url) {
  let bytes;
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(String(response.status));
    bytes = new Uint8Array(await response.arrayBuffer());
    // Some hosts unpack .gz files themselves.
    if (bytes[0] === GZIP[0] && bytes[1] === GZIP[1]) {
      const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      bytes = new Uint8Array(await new Response(unpacked).arrayBuffer());
    }
  } catch (error) {
    throw new PageError("fileMissing", `${url} (${error.message})`);
  }
  return bytes;
}

/** How many threads may be used: one without the headers that isolate the page. */
export function threadsFor(wanted) {
  if (!self.crossOriginIsolated) return 1;
  if (wanted > 0) return wanted;
  return navigator.hardwareConcurrency > 4 ? 2 : 1;
}

let loaded = null;

async function variantFor(threads, supportsFeature) {
  if (!(await supportsFeature("relaxedSimd"))) return ["litert_wasm_compat_internal", 1];
  if (threads > 1 && (await supportsFeature("threads")))
    return ["litert_wasm_threaded_internal", threads];
  return ["litert_wasm_internal", 1];
}

/** Start LiteRT.js once; returns its module, which build it is, the threads that it may use. */
export function startRuntime(threads) {
  loaded ??= (async () => {
    const litert = await import("./litert/index.js");
    const [variant, count] = await variantFor(threads, litert.supportsFeature);
    self.Module = { wasmBinary: await fetchBytes(`litert/${variant}.wasm.gz`) };
    await litert.loadLiteRt(new URL(`litert/${variant}.js`, document.baseURI).href,
                            { threads: count > 1 });
    return { litert, build: variant, threads: count };
  })();
  return loaded;
}

const ARRAYS = { uint8: Uint8Array, float32: Float32Array, int32: Int32Array };

/** One network, bound by the names of its inputs and outputs. */
export class Network {
  constructor(litert, model, url) {
    this.litert = litert;
    this.model = model;
    this.inputs = Object.fromEntries(
      model.getInputDetails().map((entry) => [plain(entry.name), entry]));
    this.url = url;
  }

  static async load(url, threads) {
    const [{ litert, threads: count }, bytes] = await Promise.all([
      startRuntime(threads), fetchBytes(url)]);
    // The identifier of the format: LiteRT's own message says nothing to a reader.
    if (String.fromCharCode(...bytes.subarray(4, 8)) !== "TFL3")
      throw new PageError("modelBroken", url);
    try {
      const model = await litert.loadAndCompile(
        bytes, { accelerator: "wasm", cpuOptions: { numThreads: count } });
      return new Network(litert, model, url);
    } catch (error) {
      throw new PageError("modelBroken", `${url} (${error.message ?? error})`);
    }
  }

  /** Height and width of the pictures that an input takes. */
  sideOf(name) {
    return this.inputs[name].shape[1];
  }

  /** Answer: typed arrays by the names of the outputs. */
  async run(values) {
    const given = {};
    let outputs = {};
    try {
      for (const [name, entry] of Object.entries(this.inputs)) {
        const Type = ARRAYS[entry.dtype], value = values[name];
        const array = value instanceof Type ? value : Type.from(value);
        given[entry.name] = new this.litert.Tensor(array, Array.from(entry.shape));
      }
      outputs = await this.model.run(given);
      const answers = {};
      for (const [name, tensor] of Object.entries(outputs))
        answers[plain(name)] = await tensor.data();
      return answers;
    } finally {
      // Nothing of LiteRT.js is collected by itself.
      for (const tensor of [...Object.values(given), ...Object.values(outputs)]) tensor.delete();
    }
  }
}

/** `serving_default_onset:0` is `onset`. */
function plain(name) {
  return name.replace(/^serving_default_/, "").replace(/:\d+$/, "");
}
