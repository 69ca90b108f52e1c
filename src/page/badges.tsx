import { ComponentChildren } from 'preact';
import { formatAge } from './format';
import { PageDataset } from '../cli/page-document';

export type Tone = 'ok' | 'info' | 'warning' | 'failure' | 'neutral';

/** The SVG paths of the icons. The shapes differ, so that readers can distinguish the icons without color. */
const ICONS: Record<Tone, string> = {
  ok: 'M3.5 8.5l3 3 6-7',
  info: 'M5 4l6 4-6 4z',
  warning: 'M8 3.5v5.5M8 11.6v.9',
  failure: 'M4 4l8 8M12 4l-8 8',
  neutral: 'M4 8h8',
};

export function Icon({ tone }: { tone: Tone }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false">
      <path d={ICONS[tone]} />
    </svg>
  );
}

export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}><Icon tone={tone} />{children}</span>;
}

/** A name that comes from the app or the data. `bdi` prevents right-to-left text from reordering the text around it. */
export function Name({ children }: { children: string }) {
  return <bdi class="name">{children}</bdi>;
}

const STATES: Record<string, [tone: Tone, label: string]> = {
  published: ['ok', 'published'],
  unchanged: ['ok', 'unchanged'],
  failed: ['failure', 'failed'],
  running: ['info', 'running'],
  never: ['neutral', 'never run'],
};

export function stateOf(status: string): { tone: Tone; label: string } {
  const [tone, label] = Object.hasOwn(STATES, status) ? STATES[status] : ['neutral' as const, status];
  return { tone, label };
}

export function StateBadge({ status }: { status: string }) {
  const { tone, label } = stateOf(status);
  return <Badge tone={tone}>{label}</Badge>;
}

/** The freshness of a dataset as text: `stale` or `fresh` with the age, or only the age if there is no maximum age. */
export function freshnessText(
  { stale, age_hours: age, max_age_hours: maximum, newer_inputs: newer }: PageDataset,
): string {
  if (age === null) {
    return stale ? 'stale: never published' : 'not published';
  }
  const outdated = newer.length > 0 ? ', older than inputs' : '';
  return stale === null
    ? `${formatAge(age)} old${outdated}`
    : `${stale ? 'stale' : 'fresh'}: ${formatAge(age)} old, maximum ${formatAge(maximum)}${outdated}`;
}

/** A short form of the freshness, for the nodes of the graph. */
export function shortFreshnessText({ stale, age_hours: age, newer_inputs: newer }: PageDataset): string {
  if (stale || newer.length > 0) {
    return stale ? 'stale' : 'older than inputs';
  }
  return stale === false ? `fresh, ${formatAge(age)}` : `${formatAge(age)} old`;
}

export function FreshnessBadge({ dataset }: { dataset: PageDataset }) {
  const { stale, newer_inputs: newer } = dataset;
  const tone = stale || newer.length > 0 ? 'warning' : stale === false ? 'ok' : 'neutral';
  return <Badge tone={tone}>{freshnessText(dataset)}</Badge>;
}

const RULE_STATES: Record<string, Tone> = { passed: 'ok', warned: 'warning', failed: 'failure', allowed: 'warning' };

export function RuleBadge({ status }: { status: string }) {
  return <Badge tone={Object.hasOwn(RULE_STATES, status) ? RULE_STATES[status] : 'neutral'}>{status}</Badge>;
}
