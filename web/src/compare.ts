/** Several runs, one over the other: accuracy and loss of the watched split. */

import type uPlot from "uplot";
import { Curves, lossTop } from "./curves";
import { button, el, setText } from "./dom";
import { redraw } from "./frames";
import { plain, Plot } from "./plot";
import { network } from "./network";
import { Server, type About, type Value } from "./server";
import { colours, LINES, onTheme, toggleTheme } from "./theme";
import { count, percent } from "./text";

const MOST = 12;
const EVERY = 2000;
const server = new Server(network);
const DASHES = [[], [7, 4], [2, 3]];

interface Compared {
  id: string;
  about: About | null;
  curves: Curves;
  state: string;
  shown: boolean;
  colour: string;
  dash: number[];
  value: HTMLElement;
  name: HTMLElement;
  parameters: HTMLElement;
}

export function comparePage(root: HTMLElement, ids: string[]): () => void {
  const runs = ids.slice(0, MOST).map(compared);
  const legend = el("tbody", {});
  const plots = (["accuracy", "loss"] as const).map((what) => chart(what, runs));
  const charts = el("main", { class: "panes compare", "data-shown": 2 }, ...plots.map((one) => one.element));
  for (const run of runs) legend.append(legendRow(run, plots));
  root.replaceChildren(
    el(
      "div",
      { class: "run-page compare-page" },
      el("header", { class: "top" }, el("a", { href: "#/", class: "brand", "aria-label": "All runs" }, el("span", { text: "saccade" })), el("div", { class: "title" }, el("div", { class: "line" }, el("h1", { text: `${runs.length} runs compared` }))), button("Reset zoom", "Show everything again", () => plots.forEach((one) => one.plot.reset())), button("◐", "Light or dark", toggleTheme, { "aria-label": "Light or dark" })),
      charts,
      el("div", { class: "wide legend-table" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", {}), el("th", { text: "Run" }), el("th", { text: "Watched", class: "number" }), el("th", { text: "Parameters", class: "number" }))), legend)),
    ),
  );
  document.title = "compared · saccade";
  let closed = false;
  const update = async () => {
    for (const run of runs) {
      if (closed || (run.curves.offset && run.state !== "running")) continue;
      try {
        run.about ??= await server.getAbout(run.id);
        const answer = await server.getCurves(run.id, run.curves.offset);
        run.curves.add(answer);
        run.state = answer.state;
        setText(run.name, run.about.name);
        setText(run.value, percent(run.curves.watched.accuracy.at(-1)));
        setText(run.parameters, count(run.about.facts?.model?.parameters));
      } catch (error) {
        setText(run.name, `${run.id}: ${(error as Error).message}`);
      }
    }
    plots.forEach((one) => redraw(one));
  };
  void update();
  const timer = setInterval(() => document.hidden || void update(), EVERY);
  return () => {
    closed = true;
    clearInterval(timer);
    plots.forEach((one) => one.close());
    root.replaceChildren();
  };
}

function compared(id: string, index: number): Compared {
  return {
    id,
    about: null,
    curves: new Curves(),
    state: "",
    shown: true,
    colour: LINES[index % LINES.length],
    dash: DASHES[Math.floor(index / LINES.length) % DASHES.length],
    value: el("td", { class: "number", text: "–" }),
    name: el("a", { href: `#/run/${encodeURIComponent(id)}`, text: id }),
    parameters: el("td", { class: "number", text: "–" }),
  };
}

function legendRow(run: Compared, plots: { draw(): void }[]): HTMLElement {
  const swatch = el("canvas", { width: 64, height: 16, class: "swatch", "aria-hidden": true });
  const context = swatch.getContext("2d")!;
  context.strokeStyle = run.colour;
  context.lineWidth = 5;
  context.setLineDash(run.dash.map((length) => 2 * length));
  context.beginPath();
  context.moveTo(0, 8);
  context.lineTo(64, 8);
  context.stroke();
  const toggle = button("", "Show or hide this run", () => {
    run.shown = !run.shown;
    toggle.setAttribute("aria-pressed", String(run.shown));
    plots.forEach((plot) => plot.draw());
  });
  toggle.className = "swatch-button";
  toggle.setAttribute("aria-label", "Show this run");
  toggle.setAttribute("aria-pressed", "true");
  toggle.append(swatch);
  return el("tr", {}, el("td", {}, toggle), el("th", { scope: "row" }, run.name), run.value, run.parameters);
}

/** One chart of all runs. */
function chart(what: "accuracy" | "loss", runs: Compared[]) {
  const host = el("div", { class: "plot", tabindex: 0, role: "img", "aria-label": `${what} of all runs` });
  const body = el("div", { class: "body" }, host);
  const values = (run: Compared): Value[] => run.curves.watched[what];
  const top = () => Math.max(...runs.filter((run) => run.shown).map((run) => lossTop([], values(run))), 0.01);
  const plot = new Plot(host, {
    series: runs.map((run) => ({ stroke: run.colour, dash: run.dash, width: 2, spanGaps: true, points: { show: false } })),
    range: () => (what === "accuracy" ? accuracyRange(runs) : [0, top()]),
    labels: (ticks) => ticks.map((tick) => (what === "accuracy" ? `${plain(100 * tick)} %` : plain(tick))),
  });
  plot.box(true);
  const observer = new ResizeObserver(() => plot.resize(body.clientWidth, body.clientHeight));
  observer.observe(body);
  const offTheme = onTheme(() => colours.ink && plot.rebuild());
  const title = what === "accuracy" ? "Watched accuracy" : "Watched loss";
  return {
    plot,
    element: el("section", { class: "pane", "aria-label": title }, el("header", {}, el("h2", { text: title }), el("span", { class: "tally", text: "drag a box to zoom" })), body),
    draw: () => plot.set(table(runs, values), null, []),
    close: () => {
      observer.disconnect();
      offTheme();
    },
  };
}

/** From a little below the later half's least to all. */
function accuracyRange(runs: Compared[]): [number, number] {
  const later = runs
    .filter((run) => run.shown)
    .flatMap((run) => run.curves.watched.accuracy.slice(Math.floor(run.curves.watched.accuracy.length / 10)))
    .filter((value) => value !== null);
  if (!later.length) return [0, 1];
  const [low, high] = [Math.min(...later), Math.max(...later)];
  const margin = Math.max(0.003, (high - low) * 0.06);
  return [Math.max(0, low - margin), Math.min(1, high + margin)];
}

/** All steps of all runs in one line, a column a run. */
function table(runs: Compared[], values: (run: Compared) => Value[]): uPlot.AlignedData {
  const steps = [...new Set(runs.flatMap((run) => run.curves.watched.step))].sort((a, b) => a - b);
  const place = new Map(steps.map((step, i) => [step, i]));
  const columns = runs.map((run) => {
    const column: Value[] = new Array(steps.length).fill(null);
    if (run.shown) run.curves.watched.step.forEach((step, i) => (column[place.get(step)!] = values(run)[i]));
    return column;
  });
  return [steps, ...columns] as uPlot.AlignedData;
}
