// Asks before a verb. A frame in Airflow may not open the browser's own questions.

import { order } from "./api.js";
import { h } from "./dom.js";
import { notice } from "./parts.js";

export const VERBS = {
  start: {
    name: "Start",
    does: "A driver is submitted to Spark, and goes on counting where the last one stopped. Nothing happens if one works already.",
  },
  drain: {
    name: "Drain",
    does: "The driver finishes the batch it works on, gives its lease back and ends. The stream stays parked until somebody starts it; messages wait in Kafka until then.",
  },
  stop: {
    name: "Stop",
    grave: true,
    does: "It is asked to drain. If that takes too long, its driver is killed; the batch it worked on is replayed at the next start, and nothing is counted twice.",
  },
};

// Shows the question; `done` is called with the server's answer.
export function confirm(dialog, stream, verb, done) {
  const { name, does, grave } = VERBS[verb];
  const trouble = h("div", {});
  const yes = h("button", { class: `verb main${grave ? " grave" : ""}`, type: "button" }, name);
  const no = h("button", { class: "verb", type: "button", onclick: () => dialog.close() }, "Cancel");
  yes.addEventListener("click", async () => {
    yes.disabled = true;
    trouble.replaceChildren();
    try {
      const answer = await order(stream, verb);
      dialog.close();
      done(answer);
    } catch (error) {
      trouble.replaceChildren(notice("bad", error.message, error.hint ? h("p", { class: "next" }, error.hint) : ""));
      yes.disabled = false;
    }
  });
  dialog.replaceChildren(
    h("h2", { id: "confirm-title" }, `${name} ${stream}?`),
    h("p", {}, does),
    trouble,
    h("div", { class: "verbs" }, no, yes),
  );
  dialog.showModal();
  no.focus();
}
