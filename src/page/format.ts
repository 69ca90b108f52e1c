/** A number with separators: 1,234,567. */
export function formatNumber(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toLocaleString('en');
}

/** `1 row`, `2 rows` */
export function formatCount(value: number, noun: string): string {
  return `${formatNumber(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A size in bytes with a unit: 1.2 MB. */
export function formatBytes(value: number | null | undefined): string {
  if (value === null || value === undefined) {
    return '–';
  }
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  const exponent = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** exponent;
  return `${exponent === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${units[exponent]}`;
}

/** A duration: 12.3 s, 4 min 5 s, 1 h 20 min. */
export function formatSeconds(value: number | null | undefined): string {
  if (value === null || value === undefined) {
    return '–';
  }
  if (value < 60) {
    return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
  }
  const minutes = Math.floor(value / 60);
  return minutes < 60
    ? `${minutes} min ${Math.floor(value % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** An age in hours: 12 min, 3.4 h, 2.1 d. */
export function formatAge(hours: number | null): string {
  if (hours === null) {
    return '–';
  }
  if (hours < 1) {
    return `${Math.max(0, Math.round(hours * 60))} min`;
  }
  if (hours < 48) {
    return `${hours < 10 ? hours.toFixed(1) : Math.round(hours)} h`;
  }
  return `${formatNumber(Math.round(hours / 24))} d`;
}

/** A time in UTC: 2026-11-29 18:04. */
export function formatTime(time: string | null | undefined): string {
  return time === null || time === undefined ? '–' : /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(time)
    ? `${time.slice(0, 10)} ${time.slice(11, 16)}`
    : time;
}

/** A share as a percentage. Only a share of exactly 0 is shown as 0%, and only a share of exactly 1 as 100%. */
export function formatShare(part: number | undefined, total: number | null): string {
  if (part === undefined || total === null || total === 0) {
    return '–';
  }
  const percent = (100 * part) / total;
  if (percent === 0 || percent === 100) {
    return `${percent}%`;
  }
  return percent < 0.1 ? '< 0.1%' : percent > 99.9 ? '> 99.9%' : `${percent.toFixed(1)}%`;
}

/** A difference with a sign: +12, −3, ±0. */
export function formatDifference(value: number): string {
  return value === 0 ? '±0' : `${value > 0 ? '+' : '−'}${formatNumber(Math.abs(value))}`;
}
