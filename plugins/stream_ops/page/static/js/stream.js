// One stream: what it does, its past, who did what, and the verbs.

import { ask, watch } from "./api.js";
import { confirm, VERBS } from "./confirm.js";
import { breakable, h, show } from "./dom.js";
import { duration } from "./format.js";
import "./outside.js";
import { advice, notice, pill, sampleMark, stamp, troubled } from "./parts.js";
import { facts, flow, history, links } from "./stream_parts.js";
import { batches, deeds, operations, partitions } from "./tables.js";
import "./theme.js";

const EVERY_SECONDS = 3;
const SPANS = { "30m": "30 min", "6h": "6 h", "24h": "24 h", "7d": "7 days" };
const stream = decodeURIComponent(window.location.pathname.split("/").pop());
const page = document.getElementById("page");
const dialog = document.getElementById("confirm");
let span = "30m";
let known = null;
let ordered = null;

document.title = `${stream} · Weir`;
const again = watch(async () => {
  let trouble = null;
  try {
    known = await ask(`api/streams/${stream}?span=${span}`);
  } catch (error) {
    trouble = error;
  }
  show(page, h("a", { class: "back", href: "./" }, "‹ All streams"), known ? content(known, trouble) : troubled(trouble));
}, EVERY_SECONDS);

function content({ row, ...past }, trouble) {
  return [
    head(row, trouble),
    troubled(trouble),
    ...says(row, past.findings),
    working(row),
    flow(row),
    h("dl", { class: "facts surface section" }, facts(row, past.declaration)),
    links(row),
    h("section", { class: "section" }, h("header", {}, h("h2", {}, "Batches"), spans()), history(past.buckets)),
    batches(past.batches),
    h("div", { class: "pair" }, deeds(past.deeds), h("div", {}, operations(past.operations), partitions(past.partitions))),
  ];
}

function head(row, trouble) {
  return h(
    "header",
    { class: "head" },
    h("div", { class: "title" }, h("h1", {}, breakable(row.stream)), pill(row.level, row.state), sampleMark(row.mode), stamp(known.now, trouble)),
    row.may_change ? h("div", { class: "verbs" }, Object.keys(VERBS).map((verb) => button(row, verb))) : null,
  );
}

function button(row, verb) {
  const useless = row.useless_verbs[verb];
  const grave = VERBS[verb].grave ? " grave" : "";
  return h(
    "button",
    {
      class: `verb${verb === "start" && !useless ? " main" : ""}${grave}`,
      type: "button",
      "data-key": verb,
      disabled: Boolean(useless),
      title: useless,
      onclick: () => confirm(dialog, row.stream, verb, accepted),
    },
    VERBS[verb].name,
  );
}

function accepted(answer) {
  ordered = answer;
  again();
}

function says(row, findings) {
  const note = row.may_change ? [] : [h("p", { class: "quiet" }, "You may look at this stream, not change it.")];
  if (row.level === "ok") return note;
  return [...note, ...findings.map((found) => notice(found.level, found.words, advice(found.advice)))];
}

function working(row) {
  const open = row.operation;
  if (open) {
    return notice("busy", `${VERBS[open.verb]?.name ?? open.verb} under way`, ` for ${duration(open.seconds_ago)}, ordered by ${open.changed_by}: ${open.step}.`);
  }
  if (ordered?.trouble) return notice("bad", `${ordered.verb} did not work.`, ` ${ordered.trouble}`);
  return null;
}

function spans() {
  const choose = (name) => () => {
    span = name;
    again();
  };
  return h(
    "div",
    { class: "spans", role: "group", "aria-label": "How far back" },
    Object.entries(SPANS).map(([name, text]) =>
      h("button", { type: "button", "data-key": `span-${name}`, "aria-pressed": String(span === name), onclick: choose(name) }, text),
    ),
  );
}
