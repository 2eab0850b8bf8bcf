/** Numbers and names as words. */

export const count = (value: number | null | undefined) =>
  value === null || value === undefined ? "–" : Math.round(value).toLocaleString("en");

export const percent = (value: number | null | undefined, digits = 2) =>
  value === null || value === undefined ? "–" : `${(100 * value).toFixed(digits)} %`;

export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential(2) : Number(value.toPrecision(3)).toString();
}

export const decimal = (value: number | null | undefined) =>
  value === null || value === undefined ? "–" : value >= 100 ? value.toFixed(1) : value.toFixed(4);

export function ago(created: string | null): string {
  const seconds = created ? (Date.now() - Date.parse(created)) / 1000 : NaN;
  if (!(seconds >= 0)) return "–";
  if (seconds < 90) return "just now";
  for (const [size, name] of [[86400, "day"], [3600, "hour"], [60, "minute"]] as const)
    if (seconds >= size) {
      const whole = Math.round(seconds / size);
      return `${whole} ${name}${whole > 1 ? "s" : ""} ago`;
    }
  return "–";
}

/** A class for a cell of `room` letters: the name if it is short, else its first letters, else its number. */
export function shortLabel(classes: string[], index: number, room: number): string {
  const name = classes[index];
  if (name === undefined) return String(index);
  const letters = [...name];
  if (letters.length <= room) return name;
  return room >= 3 && letters.length ? letters.slice(0, room).join("") : String(index);
}

export const className = (classes: string[], index: number) => classes[index] ?? `class ${index}`;

/** `05-dense/kernel` as `dense kernel`; layers of one kind are counted: `conv2d 1 kernel`, `conv2d 2 kernel`. */
export function variableNames(variables: string[]): string[] {
  const layers = [...new Set(variables.map((name) => name.split("/")[0]))];
  const kind = (layer: string) => layer.replace(/^\d+-/, "");
  const called = (layer: string) => {
    const alike = layers.filter((other) => kind(other) === kind(layer));
    return alike.length > 1 ? `${kind(layer)} ${alike.indexOf(layer) + 1}` : kind(layer);
  };
  return variables.map((name) => {
    const [layer, ...rest] = name.split("/");
    return [called(layer), ...rest].join(" ");
  });
}

const STATES: Record<string, string> = { died: "its process is gone", empty: "starting" };
export const stateWords = (state: string) => STATES[state] ?? state;
