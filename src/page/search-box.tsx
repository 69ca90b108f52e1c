import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Name } from './badges';
import { LakeIndex } from './lake-index';
import { MAX_RESULTS, searchEntries, searchLake } from './search';

/** A combobox that searches datasets, tables and columns, and lists the results. Pressing `/` moves the focus to it. */
export function SearchBox({ lake }: { lake: LakeIndex }) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const hasText = text.trim() !== '';
  // The index is built when the reader first types text, so that the page opens fast.
  const entries = useMemo(() => hasText ? searchEntries(lake) : [], [lake, hasText]);
  const found = useMemo(() => searchLake(entries, text), [entries, text]);
  const results = found.slice(0, MAX_RESULTS);
  // useEffect would wait for a frame, and a key that is pressed before this frame would be lost.
  useLayoutEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.closest('input, select, textarea') !== null;
      if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        input.current?.focus();
        input.current?.select();
      }
    };
    document.addEventListener('keydown', focus);
    return () => document.removeEventListener('keydown', focus);
  }, []);
  useEffect(() => {
    document.getElementById(`result-${active}`)?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  const close = () => {
    setOpen(false);
    setActive(0);
  };
  const open = (link: string) => {
    close();
    setText('');
    location.hash = link;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive(results.length === 0 ? 0 : (active + step + results.length) % results.length);
    } else if (event.key === 'Enter' && results[active]) {
      event.preventDefault();
      open(results[active].link);
    } else if (event.key === 'Escape') {
      close();
      setText('');
    }
  };
  const isShown = isOpen && hasText;
  return (
    <search class="search">
      <input
        ref={input} type="text" role="combobox" placeholder="Search ( / )"
        aria-label="Search datasets, tables and columns" aria-expanded={isShown} aria-controls="search-results"
        aria-autocomplete="list" autocomplete="off" spellcheck={false}
        aria-activedescendant={isShown && results.length > 0 ? `result-${active}` : undefined} value={text}
        onInput={event => {
          setText(event.currentTarget.value);
          setActive(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)} onBlur={close} onKeyDown={onKeyDown}
      />
      <div class="results" hidden={!isShown}>
        <ul id="search-results" role="listbox" aria-label="Results">
          {results.map(({ kind, name, place, link }, index) => (
            <li key={`${kind} ${link} ${name}`} id={`result-${index}`} role="option" aria-selected={index === active}
              onMouseDown={event => event.preventDefault()} onClick={() => open(link)}>
              <span class="kind">{kind}</span> <Name>{name}</Name> <span class="place"><Name>{place}</Name></span>
            </li>
          ))}
        </ul>
        <p class="hint" role="status">
          {!isShown ? '' : found.length === 0 ? 'Nothing found'
            : found.length > MAX_RESULTS ? `${MAX_RESULTS} of ${found.length} results. Type more to narrow them down.`
              : `${found.length} result${found.length === 1 ? '' : 's'}`}
        </p>
      </div>
    </search>
  );
}
