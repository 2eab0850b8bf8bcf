/** Reads the binary container of docs/reference/live.md ("A pack"). The arrays are views: nothing is copied. */

export type Values = Uint8Array | Int8Array | Uint16Array | Int32Array | Float32Array;

export interface PackArray {
  data: Values;
  shape: number[];
}

export interface Pack {
  header: Record<string, unknown>;
  arrays: Record<string, PackArray>;
}

const KINDS = { u1: Uint8Array, i1: Int8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array };

interface Described {
  dtype: keyof typeof KINDS;
  shape: number[];
  offset: number;
}

export function decodePack(buffer: ArrayBuffer): Pack {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  if (header.version !== 1) throw new Error(`a pack of version ${header.version}, expected 1`);
  const arrays: Record<string, PackArray> = {};
  for (const [name, one] of Object.entries(header.arrays as Record<string, Described>)) {
    const size = one.shape.reduce((product, side) => product * side, 1);
    arrays[name] = { data: new KINDS[one.dtype](buffer, one.offset, size), shape: one.shape };
  }
  return { header, arrays };
}
