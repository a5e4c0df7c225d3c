// The upper part of a stream's page: where messages come from and go to, facts, links, charts.

import { chart } from "./chart.js";
import { breakable, h } from "./dom.js";
import { ago, count, duration, megabytes, milliseconds, moment, rate, UNKNOWN } from "./format.js";

export function flow(row) {
  const enters = row.in_per_second > 0;
  const leaves = row.out_per_second > 0;
  const perSecond = (value) => (value === null ? UNKNOWN : [rate(value), h("span", { class: "unit" }, "/s")]);
  return h(
    "div",
    { class: "flow section" },
    stop("Source", row.source, perSecond(row.in_per_second), "events arrive"),
    pipe(enters),
    stop("Topic", row.topic, count(row.lag_messages), waiting(row)),
    pipe(leaves),
    stop("Driver", row.epoch ? `epoch ${row.epoch}` : "none yet", perSecond(row.out_per_second), "messages counted"),
    pipe(leaves),
    stop("Tables", row.tables.join(", "), row.last_batch ? ago(row.last_batch.seconds_ago) : UNKNOWN, "last batch committed"),
  );
}

function waiting(row) {
  if (!row.lag_messages) return row.lag_messages === 0 ? "messages wait: caught up" : "messages wait";
  const left = row.seconds_left === null ? "" : `; Kafka keeps the oldest for ${duration(row.seconds_left)} more`;
  return `messages wait, the oldest for ${duration(row.lag_seconds)}${left}`;
}

function stop(what, who, value, more) {
  return h(
    "div",
    { class: "stop surface" },
    h("p", { class: "what" }, what),
    h("p", { class: "who" }, breakable(who)),
    h("p", { class: "how number" }, value),
    h("p", { class: "more" }, more),
  );
}

const pipe = (flows) => h("div", { class: flows ? "pipe flows" : "pipe", "aria-hidden": "true" });

export function facts(row, declared) {
  const batch = row.last_batch;
  const all = {
    Desired: row.desired,
    Observed: row.observed,
    Epoch: row.epoch || UNKNOWN,
    Version: row.version ?? UNKNOWN,
    "Up for": duration(row.uptime_seconds),
    "Sign of life": ago(row.heartbeat_seconds),
    "Last batch took": batch ? milliseconds(batch.duration_ms) : UNKNOWN,
    "Probe, topic to commit": duration(row.probe_seconds),
    "Restarts in 24 h": count(row.restarts_of_a_day),
    Memory: megabytes(row.memory_mb),
    "Cores, heap": `${declared.cores}, ${declared.heap_mb} MB`,
    Wished: row.changed_by ? `by ${row.changed_by}, ${moment(row.changed_at).slice(0, 16)}` : UNKNOWN,
  };
  return Object.entries(all).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, String(value))));
}

export function links(row) {
  const all = Object.entries(row.links).map(([name, href]) => h("a", { href, "data-outside": "_blank", target: "_blank", rel: "noopener" }, name));
  return all.length ? h("p", { class: "links" }, all) : null;
}

export function history(buckets) {
  const points = (value, more = () => ({})) => buckets.map((b) => ({ start: b.start, value: value(b), ...more(b) }));
  return h(
    "div",
    { class: "charts" },
    chart({ key: "messages", title: `Messages per ${duration(seconds(buckets))}`, points: points((b) => b.messages, (b) => ({ refused: b.refused })), format: count }),
    chart({ key: "duration", title: "Batch duration, mean", points: points((b) => b.mean_ms), format: milliseconds }),
    chart({ key: "delay", title: "From event to commit", points: points((b) => b.delay_seconds), format: duration }),
  );
}

const seconds = (buckets) => (new Date(buckets[1].start) - new Date(buckets[0].start)) / 1000;
