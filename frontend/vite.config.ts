import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { serviceWorker } from "./src/sw/built.ts";

/** Where the API answers while the page is developed: `API=http://127.0.0.1:8000 npm run dev`. */
const api = process.env["API"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [svelte(), serviceWorker()],
  build: {
    outDir: "../quart_assessment/static",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    // An inlined asset is a data: URL, which the page's policy refuses.
    assetsInlineLimit: 0,
    // The shim for old browsers is an inline script.
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": { target: api, changeOrigin: false } } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
