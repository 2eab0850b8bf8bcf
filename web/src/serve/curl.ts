/** The same question as a line for a shell. */

import type { Question } from "./server";

/** Signs that move a cursor or turn the direction of writing have no place in a line that somebody will paste. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Of a file, by its name. */
export const curlOfFile = (name: string, { type }: Question, key: boolean) =>
  line(`curl --data-binary ${word(`@${name}`)}`, type, key);

/** Of pixels, which are in the line itself. */
export function curlOfPixels({ body, type }: Question, key: boolean): string {
  let bytes = "";
  for (const value of new Uint8Array(body)) bytes += String.fromCharCode(value);
  return line(`printf %s ${word(btoa(bytes))} | base64 -d | curl --data-binary @-`, type, key);
}

function line(start: string, type: string, key: boolean): string {
  const headers = [...(type ? [`-H ${word(`Content-Type: ${type}`)}`] : []), ...(key ? ['-H "Authorization: Bearer $KEY"'] : [])];
  return [start, ...headers, word(new URL("predict", location.href).href)].join(" ");
}

/** One word for a shell, whatever is in it. */
function word(text: string): string {
  const seen = text.replace(UNSEEN, "?");
  return /^[\w@%+=:,./-]+$/.test(seen) ? seen : `'${seen.replaceAll("'", "'\\''")}'`;
}
