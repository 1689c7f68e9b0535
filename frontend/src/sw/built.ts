import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { build, type Plugin, type Rolldown } from "vite";
import type { Shell } from "./rules";

/** Builds sw.ts into /sw.js, with the list of what was built beside it. */
export function serviceWorker(): Plugin {
  let publicDir = "";
  return {
    name: "service-worker",
    apply: "build",
    enforce: "post",
    configResolved: (config) => {
      publicDir = config.publicDir;
    },
    generateBundle: {
      // After the page itself is among what was built.
      order: "post",
      async handler(_, bundle) {
        const source = await compiled(shellOf(bundle, publicDir));
        this.emitFile({ type: "asset", fileName: "sw.js", source });
      },
    },
  };
}

function shellOf(bundle: Rolldown.OutputBundle, publicDir: string): Shell {
  const contents = new Map<string, string | Uint8Array>();
  for (const [name, one] of Object.entries(bundle)) {
    if (!name.startsWith(".vite/")) contents.set(name, one.type === "chunk" ? one.code : one.source);
  }
  for (const name of readdirSync(publicDir)) contents.set(name, readFileSync(`${publicDir}/${name}`));
  const all = createHash("sha256");
  const names = [...contents.keys()].sort();
  for (const name of names) all.update(`${name}\0`).update(contents.get(name) ?? "");
  const files = names.filter((name) => name !== "index.html").map((name) => `/${name}`);
  return { version: all.digest("hex").slice(0, 12), files };
}

async function compiled(shell: Shell): Promise<string> {
  const made = (await build({
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    define: { SHELL: JSON.stringify(shell) },
    build: {
      write: false,
      target: "es2022",
      rolldownOptions: {
        input: new URL("sw.ts", import.meta.url).pathname,
        output: { format: "iife", entryFileNames: "sw.js" },
      },
    },
  })) as Rolldown.RolldownOutput;
  return made.output[0].code;
}
