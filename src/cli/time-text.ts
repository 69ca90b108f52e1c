const UNITS: [name: string, seconds: number][] = [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]];

/** A duration in the largest unit in which it is at least 2, such as `90 min`, `3 h` or `14 d`. */
export function durationText(seconds: number): string {
  const [name, length] = UNITS.find(([, each]) => seconds >= 2 * each) ?? ['s', 1];
  return `${Math.max(0, Math.floor(seconds / length))} ${name}`;
}

/** The time since an ISO 8601 timestamp, such as `3 h ago`. Empty if the text is not a timestamp. */
export function timeAgo(moment: string | undefined, now = Date.now()): string {
  const time = Date.parse(moment ?? '');
  return Number.isNaN(time) ? '' : `${durationText((now - time) / 1000)} ago`;
}

/** Formats a time in ISO 8601 as `2026-11-29 19:40:07` in UTC. Other text is returned unchanged. */
export function utcText(moment: string | undefined): string {
  const time = new Date(moment ?? '');
  return Number.isNaN(time.getTime()) ? moment ?? '' : time.toISOString().slice(0, 19).replace('T', ' ');
}
