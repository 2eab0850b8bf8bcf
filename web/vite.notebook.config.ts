import { defineConfig } from "vite";

// The page as a notebook's widget: one module with its styles, which anywidget loads.
export default defineConfig({
  build: {
    outDir: "../src/saccade/view/live/page",
    emptyOutDir: false,
    target: "es2022",
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: "src/notebook.ts",
      preserveEntrySignatures: "strict",
      output: { entryFileNames: "notebook.js", format: "es" },
    },
  },
});
