const PURPOSES = {
  match: { label: "Match", title: "At or above the threshold" },
  learning: { label: "Teach me", title: "Below the threshold, but your answer teaches most" },
  new_pattern: {
    label: "New pattern",
    title: "Several look alike, and nothing in the library fits",
  },
};

const JOBS = {
  "behavioral-analysis": "Behavior",
  "correlation-analysis": "Correlation",
  "correlation-tile": "Correlation (part)",
  "cluster-detection": "Clusters",
  "pattern-matching": "Matching",
  "pattern-learning": "Learning",
  maintenance: "Maintenance",
  sealing: "Sealing",
  flywheel: "Analysis",
};

const PAST = { approve: "approved", reject: "rejected", defer: "deferred", undo: "reopened" };

export const purpose = (name) => PURPOSES[name] ?? { label: name, title: "" };
export const jobLabel = (name) => JOBS[name] ?? name;
export const past = (action) => PAST[action] ?? action;

/** 0..1 as two decimals; a dash where there is none. */
export function score(value) {
  return typeof value === "number" ? value.toFixed(2) : "–";
}

/** As a score; never 1.00, since nothing is certain before a person said so. */
export function confidence(value) {
  return score(typeof value === "number" ? Math.min(value, 0.99) : value);
}

export function count(number) {
  return new Intl.NumberFormat("en").format(number);
}

export function plural(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}

export function clock(time) {
  const date = new Date(time);
  const sameDay = date.toDateString() === new Date().toDateString();
  const hours = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" }).format(date);
  if (sameDay) return hours;
  return `${new Intl.DateTimeFormat([], { day: "numeric", month: "short" }).format(date)}, ${hours}`;
}

const WRITTEN_BY_A_MACHINE = /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|UTC)|[+-]\d\d:?\d\d)/g;

/** The times in a text of the server, as a person writes them. */
export function humanDates(text) {
  return text.replace(WRITTEN_BY_A_MACHINE, (time) => {
    const date = new Date(time.replace(" UTC", "Z").replace(" ", "T"));
    return Number.isNaN(date.getTime()) ? time : clock(date);
  });
}

/** How long from one time to another: "0 s", "15 min", "2.5 h". */
export function span(from, to) {
  const seconds = Math.max(0, (new Date(to) - new Date(from)) / 1000);
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 360) / 10} h`;
}

/** "just now", "4 min ago", "in 30 days". */
export function relative(time, now = Date.now()) {
  const seconds = Math.round((new Date(time).getTime() - now) / 1000);
  const size = Math.abs(seconds);
  const say = (amount, unit) => {
    const words = `${amount} ${unit}`;
    return seconds < 0 ? `${words} ago` : `in ${words}`;
  };
  if (size < 45) return seconds <= 0 ? "just now" : "in a moment";
  if (size < 5400) return say(Math.round(size / 60), "min");
  if (size < 129_600) return say(Math.round(size / 3600), "h");
  return say(Math.round(size / 86_400), "days");
}
