/** Text that contains code in backquotes. `bdi` prevents right-to-left text from reordering the text around it. */
export function CodeText({ text }: { text: string }) {
  const parts = text.split('`');
  return <bdi class="text">{parts.map((part, index) => index % 2 === 1 ? <code key={index}>{part}</code> : part)}</bdi>;
}
