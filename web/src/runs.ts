/** The list of runs; tick some to compare them. */

import { el, setText } from "./dom";
import { network } from "./network";
import { Server, type RunRow } from "./server";
import { toggleTheme } from "./theme";
import { ago, count, percent, stateWords } from "./text";
import { button } from "./dom";

const EVERY = 3000;
const MOST = 12;
const server = new Server(network);

interface Row {
  element: HTMLTableRowElement;
  tick: HTMLInputElement;
  cells: Record<string, HTMLElement>;
  run: RunRow;
}

const COLUMNS: [string, string, (run: RunRow) => string][] = [
  ["is", "State", (run) => stateWords(run.state)],
  ["watched", "Watched", (run) => percent(run.watched_accuracy)],
  ["test", "Test", (run) => percent(run.test_accuracy)],
  ["data", "Data", (run) => run.data ?? "–"],
  ["model", "Model", (run) => run.model ?? "–"],
  ["parameters", "Parameters", (run) => count(run.parameters)],
  ["step", "Step", (run) => (run.total_steps ? `${count(run.step)} / ${count(run.total_steps)}` : count(run.step))],
  ["created", "Begun", (run) => ago(run.created)],
];

export function runsPage(root: HTMLElement): () => void {
  const rows = new Map<string, Row>();
  const ticked = new Set<string>();
  const body = el("tbody", {});
  const words = el("p", { class: "quiet", role: "status", text: "Reading the runs …" });
  const compare = el("a", { class: "button", role: "link", text: "Compare" });
  const every = el("input", { type: "checkbox", "aria-label": `Tick the newest ${MOST}` });
  const head = el("tr", {}, el("th", {}, every), el("th", { text: "Run" }));
  for (const [name, title] of COLUMNS) head.append(el("th", { text: title, class: name }));
  const table = el("table", { class: "runs", hidden: true }, el("thead", {}, head), body);
  root.replaceChildren(
    el(
      "div",
      { class: "list-page" },
      el("header", { class: "top" }, el("span", { class: "brand" }, el("span", { text: "saccade" })), el("span", { class: "grow" }), button("◐", "Light or dark", toggleTheme, { "aria-label": "Light or dark" })),
      el("main", {}, el("div", { class: "headline" }, el("h1", { text: "Runs" }), words, el("span", { class: "grow" }), compare), el("div", { class: "wide" }, table)),
    ),
  );
  document.title = "saccade";

  const showTicks = () => {
    for (const [id, row] of rows) row.tick.checked = ticked.has(id);
    const ready = ticked.size >= 2;
    compare.setAttribute("aria-disabled", String(!ready));
    if (ready) compare.setAttribute("href", `#/compare/${[...ticked].map(encodeURIComponent).join(",")}`);
    else compare.removeAttribute("href");
    setText(compare, ticked.size > 1 ? `Compare ${ticked.size} runs` : "Tick runs to compare");
    for (const row of rows.values()) row.tick.disabled = ticked.size >= MOST && !row.tick.checked;
  };
  every.addEventListener("change", () => {
    ticked.clear();
    if (every.checked) for (const id of [...rows.keys()].slice(0, MOST)) ticked.add(id);
    showTicks();
  });

  const make = (run: RunRow): Row => {
    const tick = el("input", { type: "checkbox", "aria-label": `Tick ${run.name}` });
    tick.addEventListener("change", () => {
      if (tick.checked) ticked.add(run.id);
      else ticked.delete(run.id);
      showTicks();
    });
    const link = el("a", { href: `#/run/${encodeURIComponent(run.id)}`, text: run.name });
    const element = el("tr", {}, el("td", { class: "tick" }, tick), el("th", { scope: "row" }, link));
    const cells: Record<string, HTMLElement> = {};
    for (const [name, title] of COLUMNS) {
      cells[name] = name === "is" ? el("span", { class: "state" }) : el("span", {});
      element.append(el("td", { class: name, "data-title": title }, cells[name]));
    }
    return { element, tick, cells, run };
  };

  const update = async () => {
    try {
      const answer = await server.listRuns();
      for (const run of answer.runs) {
        let row = rows.get(run.id);
        if (!row) rows.set(run.id, (row = make(run)));
        row.run = run;
        for (const [name, , text] of COLUMNS) setText(row.cells[name], text(run));
        row.cells.is.dataset.state = run.state;
      }
      const order = answer.runs.map((run) => rows.get(run.id)!.element);
      // Moved only when the order changed: a row that is put back loses its focus.
      if (order.some((element, i) => body.children[i] !== element) || body.children.length !== order.length) body.replaceChildren(...order);
      table.hidden = !order.length;
      const running = answer.runs.filter((run) => run.state === "running").length;
      setText(words, order.length ? `${count(order.length)}${running ? `, ${running} running` : ""}` : "No run yet. Start one: saccade train digits");
    } catch (error) {
      setText(words, `The server does not answer; trying again (${(error as Error).message})`);
    }
    showTicks();
  };
  void update();
  const timer = setInterval(() => document.hidden || void update(), EVERY);
  return () => {
    clearInterval(timer);
    root.replaceChildren();
  };
}
