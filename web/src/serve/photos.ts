/** Picture files are asked about one after the other, each with its own bytes: nothing is resized here. */

import { el } from "../dom";
import { Card } from "./card";
import { curlOfFile } from "./curl";
import { Refused, type Question, type Server } from "./server";

/** So often a server that has too much to do is asked again by itself. */
const TRIES = 5;
const MOST_CARDS = 60;

interface Photo {
  card: Card;
  file: File;
  name: string;
  refused: number | null;
  address: string;
}

export class Photos {
  readonly element = el("div", { class: "photos" });
  private photos: Photo[] = [];
  private last = Promise.resolve();

  constructor(
    private readonly server: Server,
    private readonly say: (words: string) => void,
    private readonly needKey: () => void,
  ) {}

  take(files: File[]): void {
    for (const file of files) this.add(file);
    while (this.photos.length > MOST_CARDS) {
      const { card, address } = this.photos.shift()!;
      card.element.remove();
      URL.revokeObjectURL(address);
    }
  }

  /** Asks again what was refused for want of a key. */
  useKey(): void {
    for (const photo of this.photos) if (photo.refused === 401) this.enqueue(photo);
  }

  private add(file: File): void {
    const address = URL.createObjectURL(file);
    const thumbnail = el("img", { src: address, alt: "", class: "thumbnail" });
    thumbnail.addEventListener("error", () => thumbnail.replaceWith(el("span", { class: "thumbnail", text: "no preview" })));
    const name = file.name || "picture";
    const photo: Photo = { card: new Card(name, thumbnail, () => this.enqueue(photo)), file, name, refused: null, address };
    this.photos.push(photo);
    this.element.prepend(photo.card.element);
    this.enqueue(photo);
  }

  private enqueue(photo: Photo): void {
    photo.refused = null;
    photo.card.wait();
    this.last = this.last.then(() => this.ask(photo));
  }

  private async ask(photo: Photo): Promise<void> {
    const { card, file, name } = photo;
    let body: ArrayBuffer;
    try {
      body = await file.arrayBuffer();
    } catch {
      return card.fail("The browser can't read this file. It may be a folder, or it has changed meanwhile.");
    }
    const question = { body, type: file.type.startsWith("image/") ? file.type : "" };
    try {
      const answer = await this.insist(question, card);
      card.show(answer);
      this.say(`${name}: ${answer.label}`);
    } catch (error) {
      const refused = error as Refused;
      photo.refused = refused.status;
      card.refuse(refused);
      this.say(`${name}: no answer`);
      if (refused.status === 401) this.needKey();
    }
    card.offerCurl(curlOfFile(name, question, this.server.hasKey));
  }

  /** Where the server has too much to do it comes back when it was told to. */
  private async insist(question: Question, card: Card) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.server.predict(question);
      } catch (error) {
        const { status, seconds } = error as Refused;
        if (status !== 503 || tries === TRIES) throw error;
        card.wait(`The server has too much to do just now. Asking again in ${seconds} s …`);
        await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
      }
    }
  }
}
