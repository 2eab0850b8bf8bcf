import { defineConfig } from "vite";

// The server sends `default-src 'self'`, so nothing may be inlined: no data: addresses, no polyfill script.
export default defineConfig({
  build: {
    outDir: "../src/saccade/view/live/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
