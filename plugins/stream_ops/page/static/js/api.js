// Asks the server. Every failure is a sentence for a person.

export const base = new URL("../../", import.meta.url);

export class Refused extends Error {
  constructor(status, what, hint = "") {
    super(what);
    this.status = status;
    this.hint = hint;
  }
}

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(new URL(path, base), { cache: "no-store", ...options });
  } catch {
    throw new Refused(0, "Airflow does not answer.", "weir status; weir logs airflow-api");
  }
  if (answer.ok) return answer.json();
  throw await refusal(answer);
}

export function order(stream, verb) {
  return ask(`api/streams/${stream}/${verb}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ confirm: stream }),
  });
}

async function refusal(answer) {
  if (answer.status === 401) return new Refused(401, "Your session has ended.", "Log in again.");
  let told = null;
  try {
    told = (await answer.json()).detail;
  } catch {
    told = null;
  }
  if (told?.what) return new Refused(answer.status, told.what, told.hint);
  if (answer.status === 403) return new Refused(403, "You may look at streams, not change them.");
  return new Refused(answer.status, typeof told === "string" ? told : `The server answered ${answer.status}.`);
}

// Reads again and again while somebody looks; at once when the page is looked at again.
export function watch(read, everySeconds) {
  let timer = null;
  let reading = null;
  const turn = () => {
    clearTimeout(timer);
    reading ??= (document.hidden ? Promise.resolve() : read()).finally(() => {
      reading = null;
      timer = setTimeout(turn, everySeconds * 1000);
    });
    return reading;
  };
  document.addEventListener("visibilitychange", () => document.hidden || turn());
  turn();
  return turn;
}
