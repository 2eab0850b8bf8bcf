/** Everything the page knows of one run, and who wants to hear of changes. */

import { Bands } from "./bands";
import { Curves, lastAt } from "./curves";
import { Pictures } from "./pictures";
import { ServerError, type About, type CurvesAnswer, type Server } from "./server";
import { readSnapshot, type Snapshot } from "./snapshot";

export type Topic = "about" | "curves" | "snapshot" | "images" | "bands" | "view" | "connection";

const MOST_KEPT = 60;
const AHEAD = 3;
const MOST_FETCHES = 3;
/** While it follows, the newest snapshot is shown this often (milliseconds): the training needs the cores too. */
const FOLLOW_PACE = 400;

export class RunState {
  about: About | null = null;
  state = "";
  curves = new Curves();
  loaded = false;
  images: Pictures | null = null;
  labels: Uint16Array | null = null;
  split = "validation";
  total = 0;
  bands = new Bands();
  snapshots: number[] = [];
  /** What the panes show; it may be a moment behind `at`. */
  shown: Snapshot | null = null;
  /** The snapshot asked for, null while following the newest. */
  at: number | null = null;
  frozen = false;
  connected = true;
  gone = false;
  /** The server asks for a token that this page has not. */
  refused = false;
  problem = "";
  private direction = 1;
  private kept = new Map<number, Promise<Snapshot>>();
  private fetching = 0;
  private listeners = new Map<Topic, Set<() => void>>();
  private follower: { close(): void } | null = null;
  private bandsBusy = false;
  private bandsAgain = false;
  private followed = 0;
  private followTimer = 0;
  private stopped = false;

  constructor(
    readonly id: string,
    readonly server: Server,
  ) {
    document.addEventListener("visibilitychange", this.woken);
    void this.start();
  }

  on(topics: Topic[], listener: () => void): void {
    for (const topic of topics) {
      if (!this.listeners.has(topic)) this.listeners.set(topic, new Set());
      this.listeners.get(topic)!.add(listener);
    }
  }

  close(): void {
    this.stopped = true;
    clearTimeout(this.followTimer);
    this.follower?.close();
    this.listeners.clear();
    document.removeEventListener("visibilitychange", this.woken);
  }

  get running(): boolean {
    return this.state === "running";
  }

  /** Paused by the last request of its kind. */
  get paused(): boolean {
    const last = this.curves.marks.filter((mark) => mark.request === "pause" || mark.request === "resume").at(-1);
    return this.running && last?.request === "pause";
  }

  get classes(): string[] {
    return this.about?.classes ?? [];
  }

  /** The step that the slider points at, null while it follows. */
  get stepShown(): number | null {
    return this.at;
  }

  /** `test watched during training` is a warning that belongs wherever the curve is named. */
  get watchedName(): string {
    const watch = this.about?.facts?.recipe?.watch ?? this.split;
    return watch === "test" ? "test" : String(watch);
  }

  get watchedTest(): boolean {
    return this.watchedName === "test";
  }

  /** Shows a snapshot, or follows the newest (null). */
  show(step: number | null): void {
    if (step !== null && this.at !== null && step !== this.at) this.direction = Math.sign(step - this.at);
    this.at = step;
    this.tell("view");
    void this.load();
  }

  freeze(frozen: boolean): void {
    this.frozen = frozen;
    this.tell("view");
    if (!frozen) void this.load();
  }

  private refuse(): void {
    this.refused = true;
    this.tell("connection");
  }

  private tell(topic: Topic): void {
    for (const listener of this.listeners.get(topic) ?? []) listener();
  }

  private async start(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      this.gone = error instanceof ServerError && error.status === 404;
      this.problem = (error as Error).message;
      if (error instanceof ServerError && error.status === 401) return this.refuse();
      this.connected = error instanceof ServerError;
      this.tell("connection");
      if (!this.gone && !this.stopped) setTimeout(() => void this.start(), 2000);
      return;
    }
    if (this.stopped) return;
    this.problem = "";
    this.connected = true;
    this.tell("connection");
    this.follower = this.server.follow(this.id, () => this.curves.offset, {
      curves: (answer) => this.take(answer),
      gone: () => {
        this.gone = true;
        this.tell("connection");
      },
      refused: () => this.refuse(),
      connected: (yes) => {
        if (yes && !this.connected) void this.refresh().catch(() => undefined);
        this.connected = yes;
        this.tell("connection");
      },
    });
  }

  /** What the server says of the run now; also after a break, when much may have changed. */
  private async refresh(): Promise<void> {
    const about = await this.server.getAbout(this.id);
    this.about = about;
    this.state = about.state;
    this.snapshots = [...about.snapshots].sort((a, b) => a - b);
    this.tell("about");
    if (about.images && !this.images) void this.loadImages();
    void this.loadBands();
    void this.load();
  }

  private take(answer: CurvesAnswer): void {
    const again = !!answer.restart && this.loaded;
    const changed = this.curves.add(answer) || !this.loaded;
    this.loaded = true;
    // The first answer is everything too, but then nothing old is here to be thrown away.
    if (again) {
      this.snapshots = [];
      this.kept.clear();
      this.bands.clear();
      void this.loadBands();
    }
    if (answer.dropped?.length) this.drop(new Set(answer.dropped));
    const known = new Set(this.snapshots);
    const news = answer.snapshots.filter((step) => !known.has(step));
    if (news.length) {
      this.snapshots = [...this.snapshots, ...news].sort((a, b) => a - b);
      if (!this.images) void this.loadImages();
      void this.loadBands();
      if (this.at === null) void this.load();
      this.tell("view");
    }
    const moved = answer.state !== this.state;
    this.state = answer.state;
    if (moved) void this.refresh().catch(() => this.tell("about"));
    if (changed || moved) this.tell("curves");
  }

  private drop(steps: Set<number>): void {
    this.snapshots = this.snapshots.filter((step) => !steps.has(step));
    if (this.at !== null && steps.has(this.at)) this.show(this.snapshots[Math.max(0, lastAt(this.snapshots, this.at))] ?? null);
    else this.tell("view");
  }

  private async loadImages(): Promise<void> {
    try {
      const pack = await this.server.getImages(this.id);
      const { data, shape } = pack.arrays.watched;
      this.images = new Pictures(data as Uint8Array, shape);
      this.labels = pack.arrays.watched_labels.data as Uint16Array;
      this.split = String(pack.header.split);
      this.total = Number(pack.header.total);
      this.tell("images");
    } catch {
      // Not written yet; the next snapshot asks again.
    }
  }

  private async loadBands(): Promise<void> {
    this.bandsAgain = this.bandsBusy;
    if (this.bandsBusy || document.hidden) return;
    this.bandsBusy = true;
    try {
      this.bands.add(await this.server.getBands(this.id, this.bands.last));
      this.tell("bands");
    } catch {
      // A run without snapshots has no bands.
    } finally {
      this.bandsBusy = false;
    }
    if (this.bandsAgain) void this.loadBands();
  }

  /** Brings what is asked for, newest wish first; a wish that was overtaken is not shown. */
  private async load(): Promise<void> {
    if (document.hidden || this.fetching >= MOST_FETCHES) return;
    if (this.at === null && (this.frozen || this.tooSoon())) return;
    const wanted = this.at ?? this.snapshots.at(-1);
    // A step from the address may be gone: which are there must be known before it is given up.
    if (wanted === undefined || !this.snapshots.length || wanted === this.shown?.step) return;
    this.fetching++;
    try {
      const snapshot = await this.fetch(wanted);
      const still = (this.at ?? this.snapshots.at(-1)) === wanted;
      // While it is dragged, what arrives on the way is shown too: the panes move with the hand.
      if (still || this.at !== null) {
        this.shown = snapshot;
        this.tell("snapshot");
      }
      if (this.at !== null && still) this.prefetch(wanted);
    } catch (error) {
      if (error instanceof ServerError && error.status === 404) this.forgetStep(wanted);
    } finally {
      this.fetching--;
    }
    const now = this.at ?? this.snapshots.at(-1);
    if (now !== wanted) void this.load();
  }

  /** Comes back later by itself. */
  private tooSoon(): boolean {
    const left = this.followed + FOLLOW_PACE - performance.now();
    if (left <= 0 || !this.shown) {
      this.followed = performance.now();
      return false;
    }
    clearTimeout(this.followTimer);
    this.followTimer = window.setTimeout(() => void this.load(), left);
    return true;
  }

  private fetch(step: number): Promise<Snapshot> {
    let promise = this.kept.get(step);
    if (promise) this.kept.delete(step);
    else {
      promise = this.server.getSnapshot(this.id, step).then((pack) => readSnapshot(step, pack));
      promise.catch(() => this.kept.delete(step));
    }
    // Put back at the end: a Map keeps its order, so its first key is the one unused for longest.
    this.kept.set(step, promise);
    if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value!);
    return promise;
  }

  private prefetch(step: number): void {
    const index = lastAt(this.snapshots, step);
    for (let i = 1; i <= AHEAD; i++) {
      const ahead = this.snapshots[index + i * this.direction];
      if (ahead !== undefined) void this.fetch(ahead).catch(() => undefined);
    }
    const behind = this.snapshots[index - this.direction];
    if (behind !== undefined) void this.fetch(behind).catch(() => undefined);
  }

  /** The trainer keeps five hundred: when it drops every second one, ours may be gone. */
  private forgetStep(step: number): void {
    this.drop(new Set([step]));
  }

  private woken = (): void => {
    if (document.hidden) return;
    void this.loadBands();
    void this.load();
  };
}
