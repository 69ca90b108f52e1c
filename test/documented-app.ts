import * as fs from 'fs';
import * as path from 'path';
import { installInto, runIn } from './cli/app-fixture';
import { temporaryFolder } from './cli/assembly-fixture';
import { codeBlocks } from './documentation-pages';

/** The settings of a run of a documented app. */
export interface DocumentedApp {
  /** The index of the app among the complete apps of the page. By default, the first app. */
  readonly index?: number;
  /** Context values, as `cdk synth --context` passes them. */
  readonly context?: { readonly [key: string]: unknown };
  /** Files that the app reads, keyed by path. */
  readonly files?: { readonly [file: string]: string };
  /** Changes the documented code. By default, the code runs unchanged. */
  edit?(text: string): string;
}

/** The complete apps of a page: its TypeScript examples that create an `App`. */
export function documentedApps(page: string): string[] {
  return codeBlocks(page).filter(({ info, text }) => info === 'ts' && text.includes('new App('))
    .map(({ text }) => text);
}

/**
 * Runs a complete app of a page.
 *
 * @returns the folder of the cloud assembly
 */
export function synthesizeDocumented(
  page: string, { index = 0, context = {}, files = {}, edit = text => text }: DocumentedApp = {},
): string {
  const folder = temporaryFolder();
  installInto(folder);
  for (const [file, text] of Object.entries({ ...files, 'app.ts': edit(documentedApps(page)[index]) })) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
  }
  const before = process.env.CDK_CONTEXT_JSON;
  process.env.CDK_CONTEXT_JSON = JSON.stringify(context);
  try {
    const { code, stderr } = runIn(folder, 'app.ts');
    if (code !== 0) {
      throw new Error(stderr);
    }
  } finally {
    if (before === undefined) {
      delete process.env.CDK_CONTEXT_JSON;
    } else {
      process.env.CDK_CONTEXT_JSON = before;
    }
  }
  return path.join(folder, 'cdk.out');
}

/** A resource of a template, with unresolved intrinsic functions. */
export interface TemplateResource {
  readonly id: string;
  readonly Type: string;
  readonly Properties: { readonly [property: string]: any }; // eslint-disable-line @typescript-eslint/no-explicit-any
}

/** The resources of all templates in a folder and in its subfolders, which contain the stages of an app. */
export function templateResources(assembly: string): TemplateResource[] {
  return templatesBelow(assembly).flatMap(file => {
    const { Resources } = JSON.parse(fs.readFileSync(path.join(assembly, file), 'utf8'));
    return Object.entries(Resources as { [id: string]: Omit<TemplateResource, 'id'> })
      .map(([id, resource]) => ({ id, ...resource }));
  });
}

/** The paths of the templates in a folder and its subfolders, relative to the folder. */
export function templatesBelow(assembly: string): string[] {
  return fs.readdirSync(assembly, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.template.json')).sort();
}
