// How many codes of each colour were scanned, by day (UTC), for a month; no codes.

export const COLOURS = ["green", "yellow", "red", "black"];

/** Counts `colour` in `tally`, which keeps the last days. */
export function count(tally, colour, instant) {
  const day = dayOf(instant);
  tally[day] ??= {};
  tally[day][colour] = (tally[day][colour] ?? 0) + 1;
  for (const old of Object.keys(tally).sort().slice(0, -MAX_DAYS)) {
    delete tally[old];
  }
}

/** How many of `colour` there were on the day of `instant`. */
export function counted(tally, colour, instant) {
  return tally[dayOf(instant)]?.[colour] ?? 0;
}

function dayOf(instant) {
  return instant.toISOString().slice(0, 10);
}

const MAX_DAYS = 31;
