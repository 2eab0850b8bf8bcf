import { defineConfig } from "vite";

// The page of `saccade serve`: four files by fixed names, which the server knows (serve/guard.py). Nothing is inlined.
export default defineConfig({
  root: "serve",
  base: "./",
  build: {
    outDir: "../../src/saccade/serve/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: { entryFileNames: "page.js", assetFileNames: ({ names }) => (names[0]?.endsWith(".css") ? "page.css" : "[name][extname]") },
    },
  },
});
