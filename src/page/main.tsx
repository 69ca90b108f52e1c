import { render } from 'preact';
import { App } from './app';
import './page.css';
import { LakeIndex } from './lake-index';
import { applyTheme } from './theme-button';
import { PageDocument } from '../cli/page-document';

const element = document.getElementById('lake');
const page = document.getElementById('page');
if (element && page) {
  applyTheme();
  render(<App lake={new LakeIndex(JSON.parse(element.textContent ?? '{}') as PageDocument)} />, page);
}
