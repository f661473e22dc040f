import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commands, contextKeys, pages, items, settings, taskType, versionScheme, views } from '../../../client/src/ids';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'));
const manifest = read('package.json');
const texts: Record<string, string> = read('package.nls.json');
const { contributes } = manifest;
const all = JSON.stringify(manifest);
const menus: { command: string; when: string }[] = Object.values(contributes.menus).flat() as never;

describe('the manifest', () => {
  it('has exactly the commands of the code', () => {
    const ids = contributes.commands.map(({ command }: { command: string }) => command);
    expect([...ids].sort()).toEqual(Object.values(commands).sort());
  });

  it('has exactly the views of the code', () => {
    const ids = contributes.views.trainingPipelines.map(({ id }: { id: string }) => id);
    expect([...ids].sort()).toEqual(Object.values(views).sort());
  });

  it('puts no command into a menu that it lacks', () => {
    for (const { command } of menus) expect(Object.values(commands)).toContain(command);
  });

  it('takes every title from package.nls.json, and uses every text there', () => {
    const used = new Set([...all.matchAll(/"%([^%"]+)%"/g)].map(([, name]) => name));
    expect([...used].sort()).toEqual(Object.keys(texts).sort());
    const titles = contributes.commands.flatMap((one: { title: string; category: string }) => [
      one.title,
      one.category,
    ]);
    for (const title of titles) expect(title).toMatch(/^%.+%$/);
  });

  it('links to commands that exist from its welcome texts', () => {
    const linked = Object.values(texts).flatMap((text) => [...text.matchAll(/command:([\w.]+)/g)].map(([, id]) => id));
    for (const id of linked)
      if (id?.startsWith('trainingPipelines.') === true) expect(Object.values(commands)).toContain(id);
  });

  it('asks only for context keys that the code sets', () => {
    const asked = [...all.matchAll(/"when":"([^"]*)"/g)].flatMap(
      ([, when]) => when?.match(/trainingPipelines\.\w+/g) ?? [],
    );
    const known: string[] = [
      ...Object.values(contextKeys),
      ...Object.values(pages),
      ...Object.values(views),
      ...Object.values(commands),
    ];
    for (const key of asked) expect(known).toContain(key);
  });

  it('binds menus to the items of the code', () => {
    const bound = menus.flatMap(({ when }) => [...when.matchAll(/viewItem == ([\w-]+)/g)].map(([, item]) => item));
    for (const item of bound) expect(Object.values(items)).toContain(item);
    const patterns = menus.flatMap(({ when }) =>
      [...when.matchAll(/viewItem =~ \/(.*?)\/(?: |$)/g)].map(([, one]) => one),
    );
    const shown = Object.values(items).flatMap((item) => [item, `${item} plain`, `${item} version starred`]);
    for (const pattern of patterns) expect(shown.some((item) => new RegExp(pattern ?? '').test(item))).toBe(true);
  });

  it('binds keys to commands that exist, and only where a view or a page of ours has the focus', () => {
    for (const { command, when } of contributes.keybindings as { command: string; when: string }[]) {
      expect(Object.values(commands)).toContain(command);
      expect(when).toMatch(/focusedView == trainingPipelines|activeWebviewPanelId == 'trainingPipelines/);
    }
  });

  it('completes each step of its walkthrough by doing, and has a page for each', () => {
    const [{ steps }] = contributes.walkthroughs;
    for (const { media, completionEvents } of steps as { media: { markdown: string }; completionEvents: string[] }[]) {
      expect(readFileSync(new URL(`../../../${media.markdown}`, import.meta.url), 'utf8')).not.toBe('');
      expect(completionEvents.length).toBeGreaterThan(0);
      for (const event of completionEvents) {
        const [kind, id = ''] = event.split(':');
        expect(kind === 'onContext' ? Object.values(contextKeys) : Object.values(commands)).toContain(id);
      }
    }
  });

  it('keeps what says where to connect out of the workspace’s hands', () => {
    const { properties } = contributes.configuration;
    for (const name of [settings.engine, settings.store])
      expect(properties[`${settings.section}.${name}`].scope).toBe('machine');
    for (const one of Object.values<{ default: unknown }>(properties)) expect(one.default).toBeDefined();
  });

  it('is activated by what it contributes, and never by everything', () => {
    expect(manifest.activationEvents).toContain(`onFileSystem:${versionScheme}`);
    expect(manifest.activationEvents).toContain(`onTaskType:${taskType}`);
    for (const page of Object.values(pages)) expect(manifest.activationEvents).toContain(`onWebviewPanel:${page}`);
    expect(manifest.activationEvents).not.toContain('*');
    expect(manifest.activationEvents).not.toContain('onStartupFinished');
  });
});
