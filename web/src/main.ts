/** The page: `#/` the runs, `#/run/ID?view=7&step=300` one, `#/compare/ID,ID` several. */

import "uplot/dist/uPlot.min.css";
import "./theme.css";
import { comparePage } from "./compare";
import { el } from "./dom";
import { network } from "./network";
import { runPage } from "./run";
import { runsPage } from "./runs";
import { Server } from "./server";
import { addTheme } from "./theme";
import { hideTooltip } from "./tooltip";

const root = el("div", { id: "root" });
let close: (() => void) | null = null;

function route(): void {
  close?.();
  hideTooltip();
  const [, kind, rest = ""] = location.hash.match(/^#\/(run|compare)\/([^?]+)/) ?? [];
  const place = new URLSearchParams(location.hash.split("?")[1]);
  if (kind === "run") close = runPage({ root, server: new Server(network), keys: document, tab: true }, decodeURIComponent(rest), place);
  else if (kind === "compare") close = comparePage(root, rest.split(",").map(decodeURIComponent));
  else close = runsPage(root);
  scrollTo(0, 0);
}

/** Who was given a bare address of one run, as by `saccade train`, comes for that run. */
async function arrive(): Promise<void> {
  if (!location.hash) {
    const { runs } = await new Server(network).listRuns().catch(() => ({ runs: [] }));
    if (runs.length === 1 && !location.hash) history.replaceState(null, "", `#/run/${encodeURIComponent(runs[0].id)}`);
  }
  addEventListener("hashchange", route);
  route();
}

addTheme(document.documentElement);
document.body.append(root);
void arrive();
