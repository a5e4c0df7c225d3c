// Numbers and times as people read them. What is unknown is a dash, never a zero.

export const UNKNOWN = "–";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

const known = (value) => value !== null && value !== undefined;

export function count(value) {
  if (!known(value)) return UNKNOWN;
  if (value < 100_000) return whole.format(value);
  const [size, unit] = value < 1e6 ? [1e3, "k"] : value < 1e9 ? [1e6, "M"] : [1e9, "G"];
  return `${(value / size).toFixed(value / size < 10 ? 2 : 1)}${unit}`;
}

export function rate(value) {
  if (!known(value)) return UNKNOWN;
  return value > 0 && value < 10 ? value.toFixed(1) : count(value);
}

export function megabytes(value) {
  if (!known(value)) return UNKNOWN;
  return value < 1024 ? `${whole.format(value)} MB` : `${(value / 1024).toFixed(1)} GB`;
}

export function milliseconds(value) {
  if (!known(value)) return UNKNOWN;
  return value < 1000 ? `${whole.format(value)} ms` : duration(value / 1000);
}

export function duration(seconds) {
  if (!known(seconds)) return UNKNOWN;
  if (seconds < 9.95) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  if (seconds < 120) return `${whole.format(seconds)} s`;
  if (seconds < 7200) return `${whole.format(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86_400).toFixed(1)} days`;
}

export const ago = (seconds) => (known(seconds) ? `${duration(Math.max(0, seconds))} ago` : UNKNOWN);

const pad = (number) => String(number).padStart(2, "0");

// Times are UTC, like everything that Weir stores.
export function clock(text, withSeconds = false) {
  const at = new Date(text);
  const seconds = withSeconds ? `:${pad(at.getUTCSeconds())}` : "";
  return `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}${seconds}`;
}

export function moment(text) {
  if (!known(text)) return UNKNOWN;
  const at = new Date(text);
  const day = `${at.getUTCFullYear()}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())}`;
  return `${day} ${clock(text, true)}`;
}

export const words = (name) => name.replaceAll("_", " ");
