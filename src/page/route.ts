import { useLayoutEffect, useState } from 'preact/hooks';
import { PageColumnName } from '../cli/page-document';

/** The view to show. The route is in the fragment of the URL, so that links and the browser history work. */
export type Route =
  | { readonly view: 'lake' }
  | { readonly view: 'dataset'; readonly id: string }
  | { readonly view: 'column'; readonly name: PageColumnName };

export const LAKE = '#/';

export function datasetLink(id: string): string {
  return `#/dataset/${encodeURIComponent(id)}`;
}

export function columnLink({ table, column }: PageColumnName): string {
  return `#/column/${encodeURIComponent(table)}/${encodeURIComponent(column)}`;
}

/** The route in the fragment of the current URL. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  // useEffect would wait for a frame. A link that is opened before this frame would change the URL, but not the view.
  useLayoutEffect(() => {
    const update = () => setRoute(parseRoute(location.hash));
    window.addEventListener('hashchange', update);
    return () => window.removeEventListener('hashchange', update);
  }, []);
  return route;
}

export function parseRoute(fragment: string): Route {
  const [, view, first = '', second = ''] = fragment.split('/');
  switch (view) {
    case 'dataset': return { view, id: decode(first) };
    case 'column': return { view, name: { table: decode(first), column: decode(second) } };
    default: return { view: 'lake' };
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
