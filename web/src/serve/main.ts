/** The page of `saccade serve`: draw, drop, paste or choose a picture, and see what the network answers. */

import "../theme.css";
import "./page.css";
import { button, el, setHidden, setText } from "../dom";
import { addTheme, toggleTheme } from "../theme";
import { bringFiles } from "./bring";
import { Drawing } from "./drawing";
import { KeyField } from "./key";
import { Photos } from "./photos";
import { Refused, Server, type Info } from "./server";
import { aboutWords, refusalWords } from "./words";

const server = new Server();
const unseen = el("p", { class: "unseen", role: "status" });
const say = (words: string) => setText(unseen, words);
const name = el("h1");
const facts = el("div");
const about = el("section", { class: "about", "aria-label": "What is served" }, name, facts);
const trouble = el("div", { class: "banner", role: "alert", hidden: true });
const asking = el("section", { class: "ask", "aria-label": "Ask", hidden: true });
const hint = el("p", { class: "quiet hint" });
const photos = new Photos(server, say, needKey);
const answers = el("section", { class: "answers", "aria-label": "Answers", hidden: true }, hint, photos.element);
const keyField = new KeyField(useKey);
const noFile = () => say("What was brought is no file. Save the picture first, then drop the file.");
const bring = bringFiles((files) => known && photos.take(files), noFile);
let drawing: Drawing | null = null;
let known = false;

/** Says what is served; the first time it makes what asks it, too. */
async function start(): Promise<void> {
  setHidden(trouble, true);
  try {
    const info = await server.info();
    keyField.done();
    if (!known) show(info);
    photos.useKey();
    drawing?.useKey();
  } catch (error) {
    const refused = error as Refused;
    if (refused.status === 401) return needKey();
    trouble.replaceChildren(el("p", { text: refusalWords(refused) }), button("Try again", "Ask the server what it serves", () => void start()));
    setHidden(trouble, false);
  }
}

function show(info: Info): void {
  known = true;
  const grey = info.input.channels === 1;
  document.title = `${info.model} – saccade`;
  setText(name, info.model);
  facts.replaceChildren(...aboutWords(info).map((text) => el("p", { text })));
  if (grey) {
    drawing = new Drawing(server, info, say, needKey);
    answers.prepend(drawing.card.element);
    asking.append(drawing.element);
  }
  asking.append(bring, el("p", { class: "quiet promise", text: "Pictures go to this server and nowhere else, and it keeps none." }));
  setText(hint, grey ? "Draw, or bring a picture: the answer stands here." : "Bring a picture: the answer stands here.");
  setHidden(asking, false);
  setHidden(answers, false);
}

function needKey(): void {
  const wrong = server.hasKey;
  server.useKey("");
  keyField.ask(wrong);
}

function useKey(key: string): void {
  server.useKey(key);
  void start();
}

addTheme(document.documentElement);
document.body.append(
  el("header", { class: "top" }, el("span", { class: "brand", text: "saccade" }), el("span", { class: "grow" }), button("◐", "Light or dark", toggleTheme, { "aria-label": "Light or dark" })),
  el("main", { class: "serve-page" }, keyField.element, trouble, about, el("div", { class: "columns" }, asking, answers)),
  unseen,
);
void start();
