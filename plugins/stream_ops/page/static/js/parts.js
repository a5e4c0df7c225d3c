// Parts that both pages show.

import { base } from "./api.js";
import { h, svg } from "./dom.js";
import { clock, words } from "./format.js";

const SHAPES = {
  ok: "M6 0a6 6 0 1 1 0 12A6 6 0 0 1 6 0",
  busy: "M6 0a6 6 0 1 0 6 6H9.4A3.4 3.4 0 1 1 6 2.6z",
  warn: "M6 .6 12 11.4H0z",
  bad: "M2.2.6 6 4.4 9.8.6l1.6 1.6L7.6 6l3.8 3.8-1.6 1.6L6 7.6l-3.8 3.8L.6 9.8 4.4 6 .6 2.2z",
  idle: "M1 1h10v10H1z",
};

export function pill(level, word) {
  const shape = svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, svg("path", { d: SHAPES[level] }));
  return h("span", { class: `pill ${level}` }, shape, words(word));
}

export function sampleMark(mode) {
  return mode === "sample" ? h("span", { class: "sample", title: "Made by a stand-in, not by the real site" }, "sample data") : null;
}

// Commands in an advice are between the punctuation; show the line as it is, in type for commands.
export function advice(text) {
  return text ? h("p", { class: "next" }, "Next: ", h("code", {}, text)) : null;
}

export function notice(level, title, ...more) {
  return h("div", { class: `notice ${level}`, role: level === "bad" ? "alert" : "status" }, h("strong", {}, title), ...more);
}

export function stamp(now, trouble) {
  const text = trouble ? "not up to date" : `as of ${clock(now, true)} UTC`;
  return h("span", { class: trouble ? "stamp stale" : "stamp" }, text);
}

// What went wrong with a read; the last known rows stay below it.
export function troubled(error) {
  if (!error) return null;
  const hint = error.status === 401 ? loginLink() : advice(error.hint);
  return notice("bad", error.message, hint);
}

function loginLink() {
  const place = new URL("../../auth/login", base);
  place.searchParams.set("next", window.parent.location.pathname);
  return h("p", {}, h("a", { href: place, "data-outside": "_top" }, "Log in again"));
}

export function sparkline(values, label) {
  const most = Math.max(...values, 1);
  const step = 100 / Math.max(values.length - 1, 1);
  const points = values.map((value, i) => `${(i * step).toFixed(2)} ${(32 - (value / most) * 30).toFixed(2)}`);
  return svg(
    "svg",
    { class: "spark", viewBox: "0 0 100 34", preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("path", { class: "fill", d: `M0 33L${points.join("L")}L100 33z` }),
    svg("path", { class: "edge", d: `M${points.join("L")}` }),
  );
}
