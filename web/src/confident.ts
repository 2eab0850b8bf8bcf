/** What a calibrated network says beside its answer, in words. */

import { count } from "./text";

export interface DrawingAnswer {
  probabilities: number[];
  step: number;
  confidence: { decision: "accept" | "reject" | "unknown"; unknown_score: number; possible: string[] | null } | null;
  calibrated_step: number | null;
}

const DECISIONS = {
  accept: "sure enough to be believed",
  reject: "not sure enough: a person should look",
  unknown: "unlike anything it has learned",
};

export function saidOf(answer: DrawingAnswer): string {
  const by = `by the network of step ${count(answer.step)}`;
  if (answer.confidence) {
    const { decision, possible } = answer.confidence;
    const may = possible?.length ? `; it may be ${possible.join(", ")}` : "";
    return `${by}, calibrated: ${DECISIONS[decision]}${may}`;
  }
  return answer.calibrated_step === null ? by : `${by}, not calibrated: step ${count(answer.calibrated_step)} is`;
}
