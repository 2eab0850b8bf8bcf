/** Records the panes while the slider plays, as the browser can: no server, no library. */

import { announce, download } from "./dom";
import { paintPage } from "./picture";
import type { RunState } from "./state";
import type { Slider } from "./slider";

const KINDS = ["video/mp4;codecs=avc1", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];
const FRAMES = 24;

export class Movie {
  private recorder: MediaRecorder | null = null;
  private frame = 0;

  constructor(
    private readonly run: RunState,
    private readonly slider: Slider,
    private readonly root: HTMLElement,
    private readonly caption: () => string,
    private readonly changed: (recording: boolean, words: string) => void,
  ) {}

  toggle(): void {
    if (this.recorder) this.slider.stop();
    else this.start();
  }

  private start(): void {
    const kind = typeof MediaRecorder === "undefined" ? undefined : KINDS.find((one) => MediaRecorder.isTypeSupported(one));
    const canvas = document.createElement("canvas");
    if (!kind || !canvas.captureStream) return this.changed(false, "This browser cannot record a movie; Chromium and Firefox can.");
    if (this.run.snapshots.length < 2) return this.changed(false, "A movie needs at least two snapshots.");
    const draw = () => {
      paintPage(this.root, canvas, this.caption(), 1);
      this.frame = requestAnimationFrame(draw);
    };
    draw();
    const pieces: Blob[] = [];
    this.recorder = new MediaRecorder(canvas.captureStream(FRAMES), { mimeType: kind, videoBitsPerSecond: 6_000_000 });
    this.recorder.ondataavailable = (event) => pieces.push(event.data);
    this.recorder.onstop = () => {
      const film = new Blob(pieces, { type: kind.split(";")[0] });
      download(film, `${fileName(this.run)}.${kind.startsWith("video/mp4") ? "mp4" : "webm"}`);
      this.changed(false, `The movie is saved (${Math.ceil(film.size / 1024).toLocaleString("en")} KiB).`);
    };
    this.recorder.start(500);
    this.changed(true, "Recording; press again to end it.");
    announce("recording a movie");
    this.slider.start(() => this.end());
  }

  private end(): void {
    // The last frame shall be seen.
    setTimeout(() => {
      cancelAnimationFrame(this.frame);
      this.recorder?.stop();
      this.recorder = null;
    }, 600);
  }
}

/** A name that every file system takes. */
export function fileName(run: RunState): string {
  return (run.about?.name ?? "run").replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 80) || "run";
}
