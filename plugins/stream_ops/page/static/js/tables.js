// The lower part of a stream's page: batches, deeds, operations, partitions.

import { h } from "./dom.js";
import { clock, count, duration, milliseconds, moment, UNKNOWN } from "./format.js";

// columns: [[title, read, kind?]] where kind is "right" or "fine".
function table(title, rows, columns, empty) {
  const head = h("tr", {}, columns.map(([name, , kind]) => h("th", { class: kind, scope: "col" }, name)));
  const line = (row) => h("tr", {}, columns.map(([, read, kind]) => h("td", { class: kind }, read(row))));
  const body = rows.length
    ? h("div", { class: "scroll" }, h("table", {}, h("thead", {}, head), h("tbody", {}, rows.map(line))))
    : h("p", { class: "empty" }, empty);
  return h("section", { class: "section" }, h("header", {}, h("h2", {}, title)), h("div", { class: "surface" }, body));
}

export function batches(rows) {
  return table(
    "Newest batches",
    rows,
    [
      ["Ended", (row) => clock(row.ended_at, true), "fine"],
      ["Query", (row) => row.query, "spare"],
      ["Batch", (row) => row.batch_id, "right"],
      ["Epoch", (row) => row.epoch, "right spare"],
      ["Messages", (row) => count(row.messages), "right"],
      ["Refused", (row) => count(row.refused), "right spare"],
      ["Took", (row) => milliseconds(row.duration_ms), "right"],
      ["Delay", (row) => duration(row.delay_seconds), "right"],
    ],
    "No batch has ended yet.",
  );
}

export function deeds(rows) {
  return table(
    "Who did what",
    rows,
    [
      ["When (UTC)", (row) => moment(row.at), "fine"],
      ["What", (row) => [row.action, h("div", { class: "quiet small" }, `${row.who}, by ${row.via}`), detail(row.details)]],
    ],
    "Nobody has done anything to this stream yet.",
  );
}

function detail(details) {
  const told = Object.entries(details).map(([name, value]) => `${name} ${value ?? UNKNOWN}`);
  return told.length ? h("div", { class: "quiet small" }, told.join(", ")) : "";
}

export function operations(rows) {
  return table(
    "Orders",
    rows,
    [
      ["When (UTC)", (row) => moment(row.started_at), "fine"],
      ["Order", (row) => [row.verb, h("div", { class: "quiet small" }, row.state === "open" ? `under way: ${row.step}` : `${row.state}: ${row.outcome ?? ""}`)]],
    ],
    "Nothing has been ordered yet.",
  );
}

export function partitions(rows) {
  return table(
    "Partitions",
    rows,
    [
      ["Partition", (row) => row.partition, "right"],
      ["Counted to", (row) => row.position, "right"],
      ["End", (row) => row.end, "right spare"],
      ["Waiting", (row) => count(row.messages), "right"],
      ["Oldest waits", (row) => (row.messages ? duration(row.seconds) : UNKNOWN), "right"],
    ],
    "Nothing is known of the topic: Kafka is away, or nothing was counted yet.",
  );
}
