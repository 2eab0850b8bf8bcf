/** The server's codes in words that a learner understands. */

import type { Answer, Info, Refused } from "./server";

const FEW = 24;

/** What is served, as sentences. */
export function aboutWords({ input, classes, calibrated }: Info): string[] {
  const colour = input.channels === 1 ? "grey" : "in colour";
  return [
    `Sees a picture as ${input.width} × ${input.height} pixels, ${colour}. Yours may be of any size: the server makes it so, as in training.`,
    `Knows ${classes.length} classes: ${listed(classes)}.`,
    calibrated
      ? "Calibrated: what it gives 90 % should be right nine times in ten. It says when a person should look."
      : "Not calibrated: it was never checked whether what it gives 90 % is right nine times in ten.",
  ];
}

function listed(classes: string[]): string {
  if (classes.length <= FEW) return classes.join(", ");
  return `${classes.slice(0, FEW).join(", ")} and ${classes.length - FEW} more`;
}

export const DECISIONS: Record<NonNullable<Answer["decision"]>, string> = {
  accept: "sure enough to be taken as it is",
  reject: "not to be relied on: let a person look",
  unknown: "unlike anything it has learned, so the answer is a guess",
};

/** By the code of a note; see docs/guide/data.md. */
const NOTES: Record<string, string> = {
  "16 bits": "it had 16 bits a channel; the upper 8 were taken",
  "1 bit": "it was black and white only; made grey",
  "grey→rgb": "it is grey; the grey was taken for red, green and blue",
  "cmyk→rgb": "it was in a printer's colours; made red, green and blue",
  "ycck→rgb": "it was in a printer's colours; made red, green and blue",
  alpha: "it is transparent; laid on white",
  animated: "it moves; only its first frame was looked at",
  bad_exif: "what it says of its camera is damaged, perhaps also how it was held",
  constant: "it is all one colour",
  decoder_warning: "its decoder found something odd",
  icc_ignored: "its colour profile was not used",
  multi_frame: "it has several pages; only the first was looked at",
  no_eoi: "its end is missing",
  odd_aspect: "it is very long and narrow",
  orientation: "it was lying on its side; turned as its camera said",
  palette: "its colours came from a table",
  tiny: "it is tiny",
  trailing_data: "something follows after its end",
};

/** `FIX orientation` in words; what is not known here stays as it is. */
export function noteWords(note: string): string {
  const code = note.replace(/^(FIX|WARN) /, "");
  return Object.hasOwn(NOTES, code) ? NOTES[code] : note;
}

const REFUSALS: Record<number, string> = {
  0: "The server does not answer. It may have ended, or the way to it is interrupted.",
  400: "The server could not make sense of this.",
  401: "A key is needed.",
  403: "The server refuses to answer this page.",
  408: "The picture took too long to arrive.",
  413: "This picture is too large.",
  415: "This is no kind of picture that is read here. JPEG, PNG, WebP, GIF and BMP are.",
  422: "This picture can't be used.",
  500: "Something failed in the server; its log says what.",
  503: "The server has too much to do just now.",
};

export const refusalWords = ({ status }: Refused) => REFUSALS[status] ?? `The server answered ${status}.`;
