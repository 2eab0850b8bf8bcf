/** The field for a key: there only once the server has asked for one. */

import { el, setText } from "../dom";

export class KeyField {
  readonly element: HTMLFormElement;
  private readonly field = el("input", { type: "password", id: "key", autocomplete: "off", spellcheck: "false" });
  private readonly words = el("p", { role: "status" });

  /** `use` tries a key. */
  constructor(use: (key: string) => void) {
    this.element = el(
      "form",
      { class: "key-form", hidden: true },
      el("label", { for: "key", text: "API key" }),
      this.field,
      el("button", { type: "submit", text: "Use it", class: "chief" }),
      this.words,
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      const key = this.field.value.trim();
      // What a header may hold.
      if (/^[\x21-\x7e]+$/.test(key)) use(key);
      else setText(this.words, "A key is letters, digits and signs, without spaces.");
    });
  }

  /** Asks for one, or for another one. */
  ask(wrong: boolean): void {
    setText(this.words, wrong ? "The server does not know this key." : "This server answers those who have a key. It is kept in this tab only.");
    if (!this.element.hidden) return;
    this.element.hidden = false;
    this.field.focus();
  }

  done(): void {
    this.field.value = "";
    this.element.hidden = true;
  }
}
