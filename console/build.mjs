// Bundle the console into static files under build/console: one HTML file per page, and assets named by their content.
// `node build.mjs` builds; `node build.mjs --check` also fails where a page is over its budget (pages.json).
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const HERE = import.meta.dirname;
const OUT = path.join(HERE, "..", "build", "console");
const require = createRequire(import.meta.url);
const pages = JSON.parse(await readFile(path.join(HERE, "pages.json"), "utf8"));

const COMMON = {
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome110", "firefox115", "safari16"],
  minify: true,
  sourcemap: false,
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
};

const digestOf = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 12);

async function named(folder, stem, suffix, bytes) {
  const name = `${stem}-${digestOf(bytes)}${suffix}`;
  await writeFile(path.join(folder, name), bytes);
  return `/assets/${name}`;
}

// The scanner's WebAssembly: fetched from our own origin, once, since its name is its content.
async function decoder(assets) {
  const wasm = require.resolve("zxing-wasm/reader/zxing_reader.wasm");
  return named(assets, "zxing-reader", ".wasm", await readFile(wasm));
}

async function bundled(folder, wasm) {
  const result = await build({
    ...COMMON,
    entryPoints: Object.fromEntries(Object.keys(pages).map((page) => [page, path.join(HERE, "src", page, "index.tsx")])),
    outdir: path.join(folder, "assets"),
    entryNames: "[name]-[hash]",
    chunkNames: "part-[hash]",
    assetNames: "[name]-[hash]",
    publicPath: "/assets",
    splitting: true,
    metafile: true,
    loader: { ".svg": "file" },
    define: { ZXING_WASM: JSON.stringify(wasm), "process.env.NODE_ENV": '"production"' },
  });
  return result.metafile.outputs;
}

// What a page loads before it can be used: its script, all that it imports at once, and its style.
function needs(outputs, page) {
  const entry = Object.keys(outputs).find((file) => outputs[file].entryPoint?.endsWith(`src/${page}/index.tsx`));
  const scripts = new Set();
  const follow = (file) => {
    if (scripts.has(file)) return;
    scripts.add(file);
    for (const each of outputs[file].imports) if (each.kind === "import-statement" && !each.external) follow(each.path);
  };
  follow(entry);
  const later = new Set();
  const reach = (file) => {
    if (later.has(file)) return;
    later.add(file);
    for (const each of outputs[file]?.imports ?? []) if (!each.external) reach(each.path);
  };
  reach(entry);
  return { entry, scripts: [...scripts], all: [...later], style: outputs[entry].cssBundle };
}

const urlOf = (file) => `/assets/${path.basename(file)}`;
const fill = (text, values) => text.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name]);

async function worker(folder, page, precached) {
  const source = path.join(HERE, "src", page, "worker.ts");
  const release = digestOf(precached.join("\n"));
  const result = await build({
    ...COMMON,
    format: "iife",
    entryPoints: [source],
    write: false,
    define: { PRECACHED: JSON.stringify(precached), RELEASE: JSON.stringify(release) },
  });
  await writeFile(path.join(folder, `${page}-worker.js`), result.outputFiles[0].contents);
}

async function main() {
  const folder = `${OUT}.${process.pid}`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, "assets"), { recursive: true });
  const wasm = await decoder(path.join(folder, "assets"));
  const outputs = await bundled(folder, wasm);
  const template = await readFile(path.join(HERE, "src", "ui", "page.html"), "utf8");
  const icon = await named(path.join(folder, "assets"), "icon", ".svg", await readFile(path.join(HERE, "src", "ui", "icon.svg")));
  const index = {};
  const tooLarge = [];
  for (const [page, facts] of Object.entries(pages)) {
    const { entry, scripts, all, style } = needs(outputs, page);
    const sizes = await Promise.all(scripts.map(async (file) => gzipSync(await readFile(file), { level: 9 }).length));
    const bytes = sizes.reduce((sum, each) => sum + each, 0);
    const preloads = scripts.filter((file) => file !== entry).map((file) => `<link rel="modulepreload" href="${urlOf(file)}">`);
    const title = page === "shop" ? "Gatehouse" : `${page[0].toUpperCase()}${page.slice(1)} · Gatehouse`;
    const manifest = facts.worker ? `<link rel="manifest" href="/${page}.webmanifest">` : "";
    const head = [...preloads, manifest].filter(Boolean).join("\n");
    const html = fill(template, { title, icon, head, style: style ? urlOf(style) : "", script: urlOf(entry) });
    await writeFile(path.join(folder, `${page}.html`), html);
    if (facts.worker) {
      await cp(path.join(HERE, "src", page, "page.webmanifest"), path.join(folder, `${page}.webmanifest`));
      const manifestFile = path.join(folder, `${page}.webmanifest`);
      await writeFile(manifestFile, fill(await readFile(manifestFile, "utf8"), { icon }));
      await worker(folder, page, [`/${page}`, ...all.map(urlOf), ...(style ? [urlOf(style)] : []), wasm, icon]);
    }
    index[page] = { ...facts, bytes };
    if (bytes > facts.kilobytes * 1024) tooLarge.push(`${page}: ${(bytes / 1024).toFixed(1)} of ${facts.kilobytes} KB`);
  }
  await writeFile(path.join(folder, "pages.json"), JSON.stringify(index, null, 1));
  await rm(OUT, { recursive: true, force: true });
  await mkdir(path.dirname(OUT), { recursive: true });
  await rename(folder, OUT);
  if (process.argv.includes("--sizes")) {
    for (const [page, { bytes, kilobytes }] of Object.entries(index)) {
      process.stdout.write(`${page.padEnd(10)} ${(bytes / 1024).toFixed(1).padStart(6)} of ${kilobytes} KB\n`);
    }
  }
  if (process.argv.includes("--check") && tooLarge.length) {
    process.stderr.write(`Over the budget of script, gzipped: ${tooLarge.join("; ")}.\n`);
    process.exitCode = 1;
  }
  return (await readdir(OUT)).length;
}

await main();
