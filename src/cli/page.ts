import { createHash } from 'crypto';
import { readPageAssets } from './page-assets';
import { PageDocument } from './page-document';

/** The default name of the page. */
export const DEFAULT_PAGE = 'medallion.html';

/** The ID of the HTML element that contains the document as JSON. src/page/main.tsx reads this element. */
const DOCUMENT_ID = 'lake';

/**
 * A self-contained HTML page that shows a document.
 *
 * The document is data: it is JSON in an element that is not executed, and the page never inserts it as HTML. The
 * Content Security Policy allows no requests and only the script and the style of the page.
 */
export function renderPage(document: PageDocument): string {
  const { script, style } = readPageAssets();
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="referrer" content="no-referrer">',
    '<title>Data lake</title>',
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<div id="page"></div>',
    '<noscript>This page requires JavaScript. It works offline and sends no requests.</noscript>',
    `<script type="application/json" id="${DOCUMENT_ID}">${escapeJson(document)}</script>`,
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** JSON that is safe in an HTML element: the text cannot end the element or start a comment. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => typeof each === 'string' ? visible(each) : each)
    .replace(/</g, '\\u003c').replace(/\u2028/g, '\\u2028').replace(/\u2029/g, '\\u2029');
}

/** Characters that affect how other text is displayed: control characters, direction marks, unpaired surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** Replaces invisible characters with escapes such as \u202e, so that a string cannot look like a different string. */
function visible(text: string): string {
  return text.replace(INVISIBLE, character => character === '\n' || character === '\t'
    ? character
    : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
