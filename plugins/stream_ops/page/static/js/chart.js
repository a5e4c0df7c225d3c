// Bars over time. The caption tells the newest value, or the one under the pointer.

import { h, svg } from "./dom.js";
import { clock, moment } from "./format.js";

const WIDTH = 360;
const HEIGHT = 132;
const LEFT = 0;
const TOP = 14;
const BOTTOM = 18;

// points: [{start, value, refused?}], value null where nothing is known.
export function chart({ title, points, format, key }) {
  const known = points.filter((point) => point.value !== null);
  const most = niceTop(Math.max(...known.map((point) => point.value), 0));
  const step = (WIDTH - LEFT) / points.length;
  const reading = h("output", {}, told(known.at(-1), format, points.length));
  const scale = (value) => (value / most) * (HEIGHT - TOP - BOTTOM);
  const bars = points.flatMap((point, i) => columns(point, LEFT + i * step, step, scale));
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", preserveAspectRatio: "none", "aria-label": `${title}: ${summary(known, format)}` },
    svg("line", { class: "rule", x1: LEFT, x2: WIDTH, y1: TOP, y2: TOP }),
    svg("line", { class: "rule", x1: LEFT, x2: WIDTH, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
    bars,
  );
  const reader = (event) => {
    const box = drawing.getBoundingClientRect();
    const index = Math.floor(((event.clientX - box.left) / box.width) * points.length);
    const point = points[Math.min(Math.max(index, 0), points.length - 1)];
    reading.textContent = `${clock(point.start)}  ${point.value === null ? "no batch" : format(point.value)}`;
  };
  drawing.addEventListener("pointermove", reader);
  drawing.addEventListener("pointerleave", () => (reading.textContent = told(known.at(-1), format)));
  return h(
    "figure",
    { class: "chart surface", "data-chart": key },
    h("figcaption", {}, title, reading),
    h("div", { class: "plot" }, h("span", { class: "top" }, format(most)), drawing),
    h("div", { class: "ends" }, h("span", {}, edge(points[0], points)), h("span", {}, "now")),
  );
}

function columns(point, x, step, scale) {
  if (!point.value) return [];
  const tall = Math.max(scale(point.value), 1);
  const foot = HEIGHT - BOTTOM;
  const wide = Math.max(step - 1, step * 0.7);
  const bars = [svg("rect", { class: "bar", x: x.toFixed(2), width: wide.toFixed(2), y: (foot - tall).toFixed(2), height: tall.toFixed(2) })];
  if (point.refused) {
    const part = Math.max(scale(point.refused), 1);
    bars.push(svg("rect", { class: "bar refused", x: x.toFixed(2), width: wide.toFixed(2), y: (foot - part).toFixed(2), height: part.toFixed(2) }));
  }
  return bars;
}

// The next of 1, 2, 5, 10, 20 ... that holds everything.
export function niceTop(most) {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((digit) => digit * power).find((top) => top >= most);
}

function told(point, format) {
  return point ? `now ${format(point.value)}` : "no batch in this time";
}

function summary(known, format) {
  if (!known.length) return "nothing in this time";
  const values = known.map((point) => point.value);
  return `newest ${format(values.at(-1))}, most ${format(Math.max(...values))}`;
}

function edge(point, points) {
  const hours = (new Date(points.at(-1).start) - new Date(point.start)) / 3_600_000;
  return hours > 24 ? moment(point.start).slice(5, 16) : clock(point.start);
}
