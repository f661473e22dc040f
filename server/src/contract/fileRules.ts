/** `file-missing`, `save-unread`, `dataset-written`: files that a run will not find, not keep, or may not write. */
import type { Pipeline } from '../../../runner/src/domain/pipeline';
import type { ModuleModel } from '../python/modules';
import { walk, type SyntaxNode } from '../python/syntaxNode';
import {
  artifactsMark,
  datasetMark,
  isInDataset,
  packagePath,
  textValue,
  type Scope,
  type Values,
} from '../python/values';
import type { RawFinding } from '../rawFinding';
import { accessesOf, type Access } from './fileAccess';
import { isConditional, isTried } from './liveCode';
import type { Candidate } from './mainBinding';
import { callsIn, Reach, type Reached } from './reachable';
import { findingAt, warningOf, type Spot, type Subject } from './subject';

interface Placed extends Access {
  readonly spot: Spot;
  readonly sure: boolean;
}

function accessesIn(reached: readonly Reached[], values: Values): Placed[] {
  return reached.flatMap((one) => {
    const found: Placed[] = [];
    callsIn(one, (call) => {
      const sure = one.always && !isConditional(call) && !isTried(call);
      for (const access of accessesOf(call, values, one.scope)) {
        found.push({ ...access, spot: { module: one.scope.module, node: access.node }, sure });
      }
    });
    return found;
  });
}

/** `datasetMark` and the like in words. */
export class FileRules {
  constructor(
    private readonly main: Candidate,
    private readonly subject: Subject,
    private readonly values: Values,
  ) {}

  private reach(method: string, dataset = false): readonly Reached[] {
    return new Reach(this.main.cls, this.values).from(method, dataset ? [textValue(datasetMark)] : []);
  }

  private say(access: Placed, code: string, message: string, related?: Spot): RawFinding {
    const finding = findingAt(this.subject.train, access.spot, this.main.binding, warningOf(code, message));
    if (related === undefined) return finding;
    const place = {
      file: related.module.path,
      range: related.module.source.rangeOf(related.node),
      message: 'read here',
    };
    return { ...finding, related: [...(finding.related ?? []), place] };
  }

  /** Files that `__init__` opens and the package does not have. */
  missing(): RawFinding[] {
    const { files } = this.subject.resolver.modules;
    const reached = this.reach('__init__');
    if (reached.some((one) => asksForFiles(one.node))) return [];
    const accesses = accessesIn(reached, this.values);
    const made = accesses.filter((one) => one.kind !== 'read').map((one) => one.path);
    return accesses.flatMap((access) => {
      const path =
        access.kind === 'read' && access.sure && access.path !== undefined ? packagePath(access.path) : undefined;
      if (path === undefined || made.includes(access.path) || /^(?:data|data_directory|artifacts)(?:[/_]|$)/.test(path))
        return [];
      if (files.isFile(path) || files.isFolder(path) || !isOpened(access.node)) return [];
      const message = `A run builds Main first; ${path} is not in the package.`;
      return [this.say(access, 'file-missing', message)];
    });
  }

  /** Writes that lead into the dataset. */
  datasetWritten(pipelines: readonly Pipeline[]): RawFinding[] {
    if (pipelines.length > 0 && pipelines.every((pipeline) => pipeline.datasetAccess === 'copy')) return [];
    const seen = new Set<SyntaxNode>();
    return accessesIn(this.reach('train', true), this.values).flatMap((access) => {
      if (access.kind === 'read' || access.path === undefined || !isInDataset(access.path)) return [];
      if (seen.has(access.node) || isTried(access.node) || isHarmless(access)) return [];
      seen.add(access.node);
      return [this.say(access, 'dataset-written', 'The dataset is read-only in a run; this write fails.')];
    });
  }

  /** What `save` writes although main.py, which reads something else, never reads it. */
  saveUnread(mainFile: ModuleModel | undefined): RawFinding[] {
    if (mainFile === undefined) return [];
    const reads = readsOf(mainFile, this.values);
    if (reads === undefined || reads.length === 0) return [];
    const writes = accessesIn(this.reach('save'), this.values).filter((one) => one.kind === 'write');
    const written = writes.flatMap((one) => keptPath(one) ?? []);
    const unmet = reads.filter((read) => !written.some((path) => covers(path, read.path)));
    return writes.flatMap((access) => {
      const path = keptPath(access);
      if (path === undefined || reads.some((read) => covers(path, read.path))) return [];
      if (mentions(mainFile, path)) return [];
      const meant = unmet.find((read) => this.isCounterpart(path, read.path));
      if (meant === undefined) return [];
      return [this.say(access, 'save-unread', `save writes ${path}, but main.py reads ${meant.path}.`, meant.spot)];
    });
  }

  /** Of the same name or kind, or nowhere to be found. */
  private isCounterpart(written: string, read: string): boolean {
    const { files } = this.subject.resolver.modules;
    return baseName(written) === baseName(read) || extension(written) === extension(read) || !files.isFile(read);
  }
}

/** A folder that is there already is no write. */
const isHarmless = (access: Placed): boolean => access.kind === 'folder' && access.path === datasetMark;

const isOpened = (node: SyntaxNode): boolean => {
  const call = node.around('call');
  const callee = call?.textOf('function') ?? '';
  return !/(?:from_pretrained|\.load|\.restore)$/.test(callee) || /^(?:np|numpy|torch|joblib|onnx)\./.test(callee);
};

const asks =
  /(?:^|\.)(?:exists|isfile|isdir|is_file|is_dir|listdir|glob|iglob|access|download\w*|urlretrieve|hf_hub_download|snapshot_download)$/;

function asksForFiles(fn: SyntaxNode): boolean {
  let found = false;
  walk(fn, (node) => {
    if (node.type === 'call') found ||= asks.test(node.textOf('function'));
    return !found;
  });
  return found;
}

interface Read {
  readonly path: string;
  readonly spot: Spot;
}

/** Paths that main.py reads; undefined where one of them can't be followed. */
function readsOf(module: ModuleModel, values: Values): Read[] | undefined {
  const reads: Read[] = [];
  let clear = true;
  walk(module.root, (node) => {
    if (node.type !== 'call') return clear;
    const scope: Scope = { module, cls: classAround(node, module) };
    if (searches.test(node.textOf('function'))) clear = false;
    for (const access of accessesOf(node, values, scope)) {
      if (access.kind !== 'read') continue;
      const path = access.path === undefined ? undefined : packagePath(access.path);
      if (path !== undefined) reads.push({ path, spot: { module, node: access.node } });
      else if (!isInput(access)) clear = false;
    }
    return clear;
  });
  return clear ? reads : undefined;
}

const searches = /(?:^|\.)(?:listdir|glob|iglob|rglob|iterdir|walk|scandir|import_module)$/;

/** `json.load(file)` and `Image.open(upload)`: a value that comes from elsewhere, no path of the package. */
const isInput = (access: Access): boolean =>
  access.node.type === 'call' ||
  /(?:^|\.)(?:json|pickle|yaml|dill|toml|tomllib)\.load$/.test(access.node.around('call')?.textOf('function') ?? '');

function classAround(node: SyntaxNode, module: ModuleModel): Scope['cls'] {
  const cls = node.around('class_definition');
  return cls && { module, node: cls, name: cls.textOf('name'), decorators: [] };
}

function keptPath(access: Access): string | undefined {
  return access.path === undefined || access.path.startsWith(artifactsMark) ? undefined : packagePath(access.path);
}

/** The same, or one is a folder around the other; `np.save` and others add an ending. */
const covers = (written: string, read: string): boolean =>
  written === read ||
  read.startsWith(`${written}/`) ||
  written.startsWith(`${read}/`) ||
  read.startsWith(`${written}.`);

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const extension = (path: string): string => /\.[^./]+$/.exec(path)?.[0] ?? '';

/** The name stands somewhere in the module: it may be read in ways that are not followed. */
const mentions = (module: ModuleModel, path: string): boolean =>
  module.file.text.includes(path) ||
  (path.includes('/') &&
    module.file.text.includes(`'${path.split('/')[0]}'`) &&
    module.file.text.includes(baseName(path)));
