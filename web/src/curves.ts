/** The curves of a run, growing: every answer of the server is added at the end. */

import type { CurvesAnswer, Mark, Value } from "./server";

const MOST_POINTS = 12_000;

export class Curves {
  offset = 0;
  step = 0;
  totalSteps: number | null = null;
  imagesPerSecond: number | null = null;
  train = { step: [] as number[], loss: [] as Value[], accuracy: [] as Value[], rate: [] as Value[] };
  watched = { step: [] as number[], loss: [] as Value[], accuracy: [] as Value[] };
  marks: Mark[] = [];

  /** Whether the answer said something about the lines. */
  add(answer: CurvesAnswer): boolean {
    if (answer.restart) this.clear();
    const overlaps = answer.after !== undefined && answer.after < this.offset;
    this.offset = answer.offset;
    this.step = answer.step;
    this.totalSteps = answer.total_steps;
    this.imagesPerSecond = answer.images_per_second ?? this.imagesPerSecond;
    append(this.train, answer.train);
    append(this.watched, answer.watched);
    const known = new Set(overlaps ? this.marks.map((mark) => JSON.stringify(mark)) : []);
    this.marks.push(...answer.marks.filter((mark) => !known.has(JSON.stringify(mark))));
    if (this.train.step.length > MOST_POINTS) halve(this.train);
    return answer.train.step.length + answer.watched.step.length + answer.marks.length > 0 || !!answer.restart;
  }

  private clear(): void {
    this.train = { step: [], loss: [], accuracy: [], rate: [] };
    this.watched = { step: [], loss: [], accuracy: [] };
    this.marks = [];
  }
}

type Columns = Record<string, Value[]>;

function append(lines: Columns, news: Columns): void {
  // Two answers may overlap (the first one and the socket's); steps only ever rise.
  const last = lines.step.at(-1) ?? -1;
  let start = 0;
  while (start < news.step.length && (news.step[start] as number) <= (last as number)) start++;
  for (const name of Object.keys(lines))
    for (let i = start; i < news.step.length; i++) lines[name].push(news[name]?.[i] ?? null);
}

/** Pairs become their means, so that a long run costs no more than a short one. */
function halve(lines: Columns): void {
  for (const [name, values] of Object.entries(lines)) {
    const half: Value[] = [];
    for (let i = 1; i < values.length; i += 2) {
      const [first, second] = [values[i - 1], values[i]];
      half.push(name === "step" ? second : first === null || second === null ? (second ?? first) : (first + second) / 2);
    }
    lines[name] = half;
  }
}

/** The index of the last step at or before `step`, -1 before the first. */
export function lastAt(steps: ArrayLike<number>, step: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Means of equal stretches of what is seen: more points than the screen has pixels are one block of colour. */
export function thin(step: number[], values: Value[], from: number, to: number, most: number): { step: number[]; values: Value[] } {
  const first = Math.max(0, lastAt(step, from));
  const end = Math.min(step.length, lastAt(step, to) + 2);
  const stretch = Math.ceil((end - first) / most);
  if (stretch <= 1) return { step: step.slice(first, end), values: values.slice(first, end) };
  const thinned = { step: [] as number[], values: [] as Value[] };
  // Stretches begin at multiples of their length, so that old means stay as they are while new steps come.
  for (let start = first - (first % stretch); start < end; start += stretch) {
    const last = Math.min(start + stretch, step.length);
    let [sum, seen] = [0, 0];
    for (let i = start; i < last; i++) {
      const value = values[i];
      if (value !== null) {
        sum += value;
        seen++;
      }
    }
    thinned.step.push(step[last - 1]);
    thinned.values.push(seen ? sum / seen : null);
  }
  return thinned;
}

/** One line of steps with both curves, null where one has no value there: what a chart takes. */
export function merge(
  first: { step: number[]; values: Value[] },
  second: { step: number[]; values: Value[] },
): [number[], Value[], Value[]] {
  const [steps, left, right]: [number[], Value[], Value[]] = [[], [], []];
  let i = 0;
  let j = 0;
  while (i < first.step.length || j < second.step.length) {
    const a = i < first.step.length ? first.step[i] : Infinity;
    const b = j < second.step.length ? second.step[j] : Infinity;
    steps.push(Math.min(a, b));
    left.push(a <= b ? first.values[i++] : null);
    right.push(b <= a ? second.values[j++] : null);
  }
  return [steps, left, right];
}

/** Zero to a round number that holds the curves, the wild first points left out. */
export function lossTop(train: Value[], watched: Value[]): number {
  const early = train.length > 40 ? Math.floor(train.length / 20) : 0;
  const later = train.slice(early).filter((value): value is number => value !== null).sort((a, b) => a - b);
  const usual = later[Math.floor((later.length - 1) * 0.98)] ?? 0;
  const all = watched.filter((value): value is number => value !== null);
  const kept = all.slice(all.length > 10 ? Math.floor(all.length / 20) : 0).sort((a, b) => a - b);
  const top = Math.max(usual, kept[Math.floor((kept.length - 1) * 0.95)] ?? 0) * 1.08;
  if (!(top > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(top));
  return ([1, 1.5, 2, 3, 4, 5, 7, 10].find((nice) => nice * power >= top) ?? 10) * power;
}
