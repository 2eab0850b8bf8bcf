/** Pictures and snapshots that were told before they were asked for. They never change, so they answer at any time. */

/** Bytes: the slider can go back to so many snapshots while the kernel is busy. */
const MOST = 64 << 20;
const LASTING = /\/(images|snapshots\/\d+)$/;

export class Kept {
  /** A Map keeps its order: the first is the one that was told first. */
  private readonly told = new Map<string, ArrayBuffer>();
  private size = 0;

  put(address: string, bytes: ArrayBuffer): void {
    if (!LASTING.test(address)) return;
    this.drop(address);
    this.told.set(address, bytes);
    this.size += bytes.byteLength;
    for (const oldest of this.told.keys()) {
      if (this.size <= MOST) break;
      this.drop(oldest);
    }
  }

  find(address: string): ArrayBuffer | undefined {
    return this.told.get(address);
  }

  clear(): void {
    this.told.clear();
    this.size = 0;
  }

  private drop(address: string): void {
    this.size -= this.told.get(address)?.byteLength ?? 0;
    this.told.delete(address);
  }
}
