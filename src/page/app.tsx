import { useLayoutEffect, useRef } from 'preact/hooks';
import { Name } from './badges';
import { ColumnView } from './column-view';
import { DatasetView } from './dataset-view';
import { formatTime } from './format';
import { LakeIndex } from './lake-index';
import { LakeView } from './lake-view';
import { LAKE, Route, useRoute } from './route';
import { SearchBox } from './search-box';
import { ThemeButton } from './theme-button';

/** The whole page: the header, the view for the current route, and the footer. */
export function App({ lake }: { lake: LakeIndex }) {
  const { lakes, origin, generated_at: generated } = lake.document;
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const lakeName = lakes.join(', ') || 'empty lake';
  useLayoutEffect(() => {
    document.title = [titleOf(route), lakeName].filter(Boolean).join(' · ');
    // The heading of the new view gets the focus, so that screen readers read it aloud.
    if (!isFirst.current) {
      window.scrollTo(0, 0);
      main.current?.querySelector('h1')?.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [route, lakeName]);
  const skip = (event: Event) => {
    event.preventDefault();
    main.current?.querySelector('h1')?.focus();
  };
  return (
    <>
      <a class="skip" href="#content" onClick={skip}>Skip to content</a>
      <header>
        <a class="brand" href={LAKE}><span class="brand-mark" aria-hidden="true" /><Name>{lakeName}</Name></a>
        <SearchBox lake={lake} />
        <ThemeButton />
      </header>
      <main ref={main} id="content"><View lake={lake} route={route} /></main>
      <footer>
        <p>
          Generated {formatTime(generated)} UTC by <code>medallion docs</code> from the <bdi>{origin}</bdi>. All ages
          are relative to this time.
        </p>
      </footer>
    </>
  );
}

function titleOf(route: Route): string {
  switch (route.view) {
    case 'dataset': return route.id;
    case 'column': return `${route.name.table}.${route.name.column}`;
    case 'lake': return '';
  }
}

function View({ lake, route }: { lake: LakeIndex; route: Route }) {
  if (route.view === 'lake') {
    return <LakeView lake={lake} />;
  }
  if (route.view === 'dataset') {
    const dataset = lake.dataset(route.id);
    return dataset ? <DatasetView key={route.id} lake={lake} dataset={dataset} /> : <NotFound name={route.id} />;
  }
  const found = lake.column(route.name);
  return found
    ? <ColumnView key={`${route.name.table} ${route.name.column}`} lake={lake} found={found} />
    : <NotFound name={`${route.name.table}.${route.name.column}`} />;
}

function NotFound({ name }: { name: string }) {
  return (
    <>
      <h1 tabIndex={-1}>Not found</h1>
      <p>This page does not contain <Name>{name}</Name>. It may have been removed or renamed.</p>
      <p><a href={LAKE}>Show the lake</a></p>
    </>
  );
}
