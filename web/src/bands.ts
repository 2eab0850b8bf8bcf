/** Percentile bands of every snapshot: fetched once, then only what is new. */

import { variableNames } from "./text";
import type { Pack } from "./pack";

const EDGES = 8;

export class Bands {
  steps: number[] = [];
  variables: string[] = [];
  /** The same as people read them. */
  names: string[] = [];
  private rows: Record<string, Float32Array[]> = {};

  get last(): number {
    return this.steps.at(-1) ?? -1;
  }

  clear(): void {
    this.steps = [];
    this.rows = {};
  }

  add(pack: Pack): void {
    const steps = pack.arrays.steps?.data;
    if (!steps) return;
    const variables = (pack.header.variables as string[]) ?? [];
    if (variables.length && variables.join() !== this.variables.join()) {
      this.clear();
      this.variables = variables;
      this.names = variableNames(variables);
    }
    for (const name of ["bands", "weight_bands", "bias_bands", "logit_bands", "gradient_norms"]) {
      const array = pack.arrays[name];
      if (!array) continue;
      const width = array.data.length / Math.max(1, steps.length);
      const kept = (this.rows[name] ??= []);
      for (let i = 0; i < steps.length; i++)
        if (steps[i] > this.last) kept.push(array.data.subarray(i * width, (i + 1) * width) as Float32Array);
    }
    for (const step of steps) if (step > this.last) this.steps.push(step);
  }

  /** Eight lines over the steps: of one variable (its index) or of all `weight`s, `bias`es, `logit`s. */
  lines(of: number | "weight" | "bias" | "logit"): (number | null)[][] {
    const name = typeof of === "number" ? "bands" : `${of}_bands`;
    const start = typeof of === "number" ? of * EDGES : 0;
    return Array.from({ length: EDGES }, (_, edge) => this.column(name, start + edge));
  }

  norms(variable: number): (number | null)[] {
    return this.column("gradient_norms", variable);
  }

  private column(name: string, index: number): (number | null)[] {
    const rows = this.rows[name] ?? [];
    return rows.map((row) => (Number.isFinite(row[index]) ? row[index] : null));
  }
}
