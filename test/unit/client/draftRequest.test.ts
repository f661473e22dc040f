import { describe, expect, it } from 'vitest';
import { draftOf, gpuText, isSameAs, lookRequest, pipelineOf, requestOf } from '../../../client/src/panel/draftRequest';
import { parseGpuRequest } from '../../../runner/src/domain/gpuRequest';
import type { Pipeline } from '../../../runner/src/domain/pipeline';
import { emptyDraft, type Draft } from '../../../webview/src/protocol';

const draft = (part: Partial<Draft> = {}): Draft => ({
  ...emptyDraft,
  name: 'digits',
  package: 'digits',
  dataset: 'data/digits',
  ...part,
});
const row = (name: string, value: string, part: object = {}) => ({
  name,
  value,
  secret: false,
  stored: false,
  ...part,
});

describe('the GPUs of a form', () => {
  it.each([
    [{ gpuKind: 'none' }, { kind: 'none' }],
    [{ gpuKind: 'all' }, { kind: 'all' }],
    [
      { gpuKind: 'count', gpuCount: '2' },
      { kind: 'count', count: 2 },
    ],
    [
      { gpuKind: 'ids', gpuIds: ['0'] },
      { kind: 'ids', ids: ['0'] },
    ],
    [
      { gpuKind: 'ids', gpuIds: ['0', '1'] },
      { kind: 'ids', ids: ['0', '1'] },
    ],
    [
      { gpuKind: 'ids', gpuIds: ['GPU-5f1'] },
      { kind: 'ids', ids: ['GPU-5f1'] },
    ],
  ] as const)('%j are asked for as %j, and come back from the file', (part, request) => {
    const form = draft(part as Partial<Draft>);
    expect(parseGpuRequest(gpuText(form))).toEqual(request);
    expect(draftOf(pipelineOf(form, 'digits'), new Set())).toMatchObject(part);
  });
});

describe('a form and its saved pipeline', () => {
  const saved: Pipeline = {
    name: 'digits',
    package: 'digits',
    dataset: 'data/digits',
    gpu: 'none',
    datasetAccess: 'read-only',
    network: 'bridge',
    parameters: { epochs: '30' },
    secrets: ['TOKEN'],
    limits: { cpus: 4, timeout: '2h' },
  };
  const opened = draftOf(saved, new Set(['TOKEN']));

  it('are the same as long as nothing was changed, whatever defaults the file names', () => {
    expect(isSameAs(opened, saved)).toBe(true);
  });

  it('are the same again when a change is taken back', () => {
    const changed = { ...opened, memory: '8g' };
    expect(isSameAs(changed, saved)).toBe(false);
    expect(isSameAs({ ...changed, memory: '' }, saved)).toBe(true);
  });

  it('differ while a secret is typed that is not kept yet', () => {
    const parameters = opened.parameters.map((one) => (one.secret ? { ...one, value: 'x' } : one));
    expect(isSameAs({ ...opened, parameters }, saved)).toBe(false);
  });

  it('differ where there is no such pipeline any more', () => {
    expect(isSameAs(opened, undefined)).toBe(false);
  });

  it('keep the order of plain parameters before secrets', () => {
    expect(opened.parameters).toEqual([row('epochs', '30'), row('TOKEN', '', { secret: true, stored: true })]);
  });
});

describe('what is saved and run', () => {
  it('never holds the value of a secret', () => {
    const form = draft({ parameters: [row('TOKEN', 'hunter2', { secret: true })] });
    expect(JSON.stringify(pipelineOf(form, 'digits'))).not.toContain('hunter2');
    expect(JSON.stringify(requestOf(form, {}, '/w'))).not.toContain('hunter2');
  });

  it('writes times as the file does', () => {
    expect(pipelineOf(draft({ timeout: '30 min' }), 'digits').limits).toEqual({ timeout: '30m' });
    expect(pipelineOf(draft({ timeout: '1 hour 30 minutes' }), 'digits').limits).toEqual({ timeout: '1h 30m' });
  });

  it('names the sub-folder as part of the dataset', () => {
    expect(pipelineOf(draft({ subFolder: 'small' }), 'digits').dataset).toBe('data/digits/small');
  });

  it('is called by the pipeline’s name, saved or not', () => {
    expect(requestOf(draft(), {}, '/w')).toMatchObject({ title: 'digits', currentFolder: '/w' });
    expect(requestOf(draft({ name: '' }), {}, '/w')).not.toHaveProperty('title');
  });
});

describe('what plan and checks rest on', () => {
  it('is not spoilt by what is only half typed', () => {
    const half = draft({
      parameters: [row('learning rate', '1')],
      artifactsDirectory: '../x',
      memory: '8 elephants',
      gpuKind: 'count',
      gpuCount: '',
    });
    expect(lookRequest(half, '/w')).toEqual(lookRequest(draft(), '/w'));
  });
});
