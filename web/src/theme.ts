/** Light and dark: the attribute data-theme on the page, and the same colours for canvases. */

export interface Colours {
  paper: string;
  ink: string;
  quiet: string;
  rule: string;
  raised: string;
  blue: string;
  orange: string;
  green: string;
  purple: string;
  tint: string;
}

type Choice = "auto" | "light" | "dark";

const NAMES = ["paper", "ink", "quiet", "rule", "raised", "blue", "orange", "green", "purple", "tint"] as const;
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
export const colours = {} as Colours;

/** Okabe and Ito's, without black and yellow, which vanish on one of the papers. */
export const LINES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

function stored(): Choice {
  const choice = localStorage.getItem("theme");
  return choice === "light" || choice === "dark" ? choice : "auto";
}

export const isDark = () => document.documentElement.dataset.theme === "dark";
export const themeChoice = stored;

export function applyTheme(): void {
  const choice = stored();
  const dark = choice === "dark" || (choice === "auto" && system.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  const style = getComputedStyle(document.documentElement);
  for (const name of NAMES) colours[name] = style.getPropertyValue(`--${name}`).trim();
  for (const listener of listeners) listener();
}

/** Goes to the other theme; back at what the system says, it follows the system again. */
export function toggleTheme(): void {
  const wanted = isDark() ? "light" : "dark";
  if ((wanted === "dark") === system.matches) localStorage.removeItem("theme");
  else localStorage.setItem("theme", wanted);
  applyTheme();
}

export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export type Rgb = [number, number, number];

/** `#rrggbb`, or the `#rgb` that a build makes of it. */
export function rgb(hex: string): Rgb {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit).join("") : hex.slice(1);
  const value = parseInt(digits, 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

system.addEventListener("change", applyTheme);
