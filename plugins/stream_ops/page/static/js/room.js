// Every stream and every collector.

import { ask, watch } from "./api.js";
import { breakable, h, show } from "./dom.js";
import { ago, count, duration, megabytes, rate, UNKNOWN } from "./format.js";
import "./outside.js";
import { advice, pill, sampleMark, sparkline, stamp, troubled } from "./parts.js";
import "./theme.js";

const EVERY_SECONDS = 3;
const page = document.getElementById("page");
let known = null;

watch(async () => {
  let trouble = null;
  try {
    known = await ask("api/streams");
  } catch (error) {
    trouble = error;
  }
  show(page, head(trouble), troubled(trouble), known ? [streams(known.streams), sources(known.sources)] : null);
}, EVERY_SECONDS);

function head(trouble) {
  return h(
    "header",
    { class: "head" },
    h("h1", {}, "Streams"),
    known ? stamp(known.now, trouble) : null,
    known ? h("p", {}, summary(known.streams)) : null,
  );
}

function summary(rows) {
  if (!rows.length) return "";
  const ill = rows.filter((row) => row.level === "bad" || row.level === "warn").map((row) => row.stream);
  const well = rows.length - ill.length;
  if (!ill.length) return well === 1 ? "The one stream you may see needs nothing." : `All ${well} streams need nothing.`;
  const names = ill.flatMap((name, i) => [i ? ", " : "", h("a", { href: name, "data-key": `ill-${name}` }, breakable(name))]);
  return [...names, ill.length === 1 ? " needs attention." : " need attention."];
}

function cell(label, value, small = null, more = "") {
  return h(
    "div",
    { class: `cell ${more}`, role: "cell" },
    h("span", { class: "label" }, label),
    h("span", { class: "number" }, value),
    small ? h("small", {}, small) : null,
  );
}

function labels(...names) {
  return h("div", { class: "row labels", role: "row" }, names.map((name) => h("span", { role: "columnheader" }, name)));
}

function section(name, title, rows, header, empty) {
  const body = rows.length
    ? h("div", { class: `surface rows ${name}`, role: "table", "aria-label": title }, header, rows)
    : h("p", { class: "surface empty quiet" }, empty);
  return h("section", { class: "section" }, h("header", {}, h("h2", {}, title)), body);
}

function streams(rows) {
  const header = labels("Stream", "Waiting", "In", "Counted per minute", "Last batch", "Restarts", "Memory");
  return section("streams", "Streams", rows.map(streamRow), header, "No stream that you may see is declared.");
}

function streamRow(row) {
  const batch = row.last_batch;
  return h(
    "article",
    { class: `row link ${row.level}`, role: "row" },
    h(
      "div",
      { class: "name", role: "rowheader" },
      h("p", { class: "called" }, h("a", { href: row.stream, "data-key": `stream-${row.stream}` }, breakable(row.stream))),
      h("p", {}, pill(row.level, row.state), upFor(row), sampleMark(row.mode)),
      h("p", {}, life(row)),
      h("p", {}, links(row)),
    ),
    cell("Waiting", count(row.lag_messages), row.lag_messages ? `oldest ${duration(row.lag_seconds)}` : row.lag_messages === 0 ? "caught up" : null),
    cell("In", perSecond(row.in_per_second), `out ${rate(row.out_per_second)}/s`),
    h(
      "div",
      { class: "cell wide drawn", role: "cell" },
      h("span", { class: "label" }, "Per minute"),
      sparkline(row.recent, `Messages per minute in the last half hour, the most ${count(Math.max(...row.recent, 0))}`),
    ),
    cell("Last batch", batch ? ago(batch.seconds_ago) : UNKNOWN, batch ? `${count(batch.messages)} messages` : null),
    cell("Restarts", count(row.restarts_of_a_day), "in 24 h"),
    cell("Memory", megabytes(row.memory_mb)),
    row.level === "ok" ? null : says(row),
  );
}

function life(row) {
  const epoch = row.epoch ? [`epoch ${row.epoch}`] : [];
  const version = row.version ? [`version ${row.version}`] : [];
  return [`desired ${row.desired}`, ...epoch, ...version].join(" · ");
}

function upFor(row) {
  return row.uptime_seconds === null ? null : h("span", {}, `up ${duration(row.uptime_seconds)}`);
}

function links(row) {
  const own = Object.entries(row.links).filter(([name]) => name !== "Orders by DAG");
  return own.map(([name, href]) =>
    h("a", { class: "aside", href, "data-outside": "_blank", target: "_blank", rel: "noopener", "data-key": `${row.stream}-${name}` }, name),
  );
}

function says(row) {
  if (row.words === row.state) return null;
  return h("div", { class: "says", role: "cell" }, h("b", {}, row.words), row.advice ? advice(row.advice) : null);
}

function perSecond(value) {
  return value === null ? UNKNOWN : [rate(value), h("span", { class: "unit" }, "/s")];
}

function sources(rows) {
  const header = labels("Collector", "Events", "Rate", "Last event", "Seen before", "Reconnects", "Memory");
  return section("sources", "Collectors", rows.map(sourceRow), header, "No collector has reported yet.");
}

function sourceRow(row) {
  const error = row.last_error ? h("p", {}, row.last_error) : null;
  return h(
    "article",
    { class: `row ${row.level}`, role: "row" },
    h(
      "div",
      { class: "name", role: "rowheader" },
      h("p", { class: "called" }, h("strong", {}, row.collector)),
      h("p", {}, pill(row.level, row.state), upFor(row), sampleMark(row.mode)),
    ),
    cell("Events", count(row.events), "since its start"),
    cell("Rate", perSecond(row.events_per_second)),
    cell("Last event", ago(row.last_event_seconds), null, "wide"),
    cell("Seen before", count(row.duplicates), `${count(row.dead_letters)} refused`),
    cell("Reconnects", count(row.reconnects)),
    cell("Memory", megabytes(row.memory_mb)),
    row.level === "ok" ? null : h("div", { class: "says", role: "cell" }, h("b", {}, row.words), error, row.advice ? advice(row.advice) : null),
  );
}
