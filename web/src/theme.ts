/** Light and dark: the attribute data-theme on the page (or on each widget of a notebook), and the same colours for canvases. */

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
  /** Numbers of red, green and blue, to be mixed with a share. */
  right: string;
  wrong: string;
}

type Choice = "auto" | "light" | "dark";

const NAMES = ["paper", "ink", "quiet", "rule", "raised", "blue", "orange", "green", "purple", "tint", "right", "wrong"] as const;
const system = matchMedia("(prefers-color-scheme: dark)");
const hosts = new Set<HTMLElement>();
const listeners = new Set<() => void>();
export const colours = {} as Colours;

/** Okabe and Ito's, without black and yellow, which vanish on one of the papers. */
export const LINES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

function stored(): Choice {
  const choice = localStorage.getItem("theme");
  return choice === "light" || choice === "dark" ? choice : "auto";
}

let dark = false;
/** A person's choice, else the system's; a notebook has its own. */
let wanted = () => stored() === "dark" || (stored() === "auto" && system.matches);

export const isDark = () => dark;

/** Gives an element the theme, and what stands in it the colours. */
export function addTheme(host: HTMLElement): () => boolean {
  hosts.add(host);
  applyTheme();
  return () => hosts.delete(host);
}

/** Somebody else decides which it is. */
export function decideTheme(isDarkThere: () => boolean): void {
  wanted = isDarkThere;
}

export function applyTheme(): void {
  const [first] = hosts;
  if (!first) return;
  dark = wanted();
  for (const host of hosts) host.dataset.theme = dark ? "dark" : "light";
  const style = getComputedStyle(first);
  for (const name of NAMES) colours[name] = style.getPropertyValue(`--${name}`).trim();
  for (const listener of listeners) listener();
}

/** Goes to the other theme; back at what the system says, it follows the system again. */
export function toggleTheme(): void {
  const other = isDark() ? "light" : "dark";
  if ((other === "dark") === system.matches) localStorage.removeItem("theme");
  else localStorage.setItem("theme", other);
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
