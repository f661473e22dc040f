/** Puts together what a feature is given about a document. */
import { join } from 'node:path';
import { trainFile } from './contract/checkPackage';
import type { Candidate } from './contract/mainBinding';
import { pathOf, type OpenDocuments } from './documents';
import type { FeatureContext, MainFacts, MethodFacts } from './features/context';
import { pathInside, type CheckedPackage, type PackageChecks } from './packageChecks';
import type { RunFacts, RunsChanged } from './protocol';
import { memberOf } from './python/classes';
import type { ModuleModel } from './python/modules';
import { Resolver } from './python/resolve';
import type { SyntaxNode } from './python/syntaxNode';
import { SourceText } from './sourceText';

/** What the client told of the runs of packages, by folder. */
export class ToldRuns {
  private readonly byFolder = new Map<string, RunsChanged>();

  take(told: RunsChanged): void {
    const folder = pathOf(told.folder);
    if (folder !== undefined) this.byFolder.set(folder, told);
  }

  runsOf(folder: string): readonly RunFacts[] {
    return this.byFolder.get(folder)?.runs ?? [];
  }

  nextOf(folder: string): string {
    return this.byFolder.get(folder)?.next ?? '';
  }
}

/** Undefined for documents that are not open, or lie in no package. Throws what an analysis throws. */
export function contextOf(
  uri: string,
  documents: OpenDocuments,
  checks: PackageChecks,
  runs: ToldRuns,
): FeatureContext | undefined {
  const path = pathOf(uri);
  const document = documents.get(uri);
  const folder = path === undefined ? undefined : checks.folderOf(path);
  if (path === undefined || document === undefined || folder === undefined) return undefined;
  const checked = checks.of(folder);
  if (!checked.report.isPackage && !checked.facts.configured) return undefined;
  return contextIn(checked, { uri, file: pathInside(folder, path), text: document.getText() }, documents, runs);
}

interface Asked {
  readonly uri: string;
  readonly file: string;
  readonly text: string;
}

export function contextIn(
  checked: CheckedPackage,
  { uri, file, text }: Asked,
  documents: OpenDocuments,
  runs: ToldRuns,
): FeatureContext {
  const { folder } = checked.facts;
  const parsed = file.endsWith('.py') ? checked.parse(file, text) : undefined;
  return {
    uri,
    path: file,
    source: new SourceText(text),
    root: parsed === undefined || parsed.refusal !== undefined ? undefined : parsed.root,
    main: file === trainFile && parsed !== undefined ? mainFacts(checked, parsed.root) : undefined,
    package: checked.facts,
    findings: checked.report.findings.filter((finding) => (finding.file ?? trainFile) === file),
    runs: runs.runsOf(folder),
    readText: (path) => checked.files.readText(path),
    uriOf: (path) => documents.uriOf(join(folder, path)),
  };
}

function mainFacts({ report }: CheckedPackage, root: SyntaxNode): MainFacts | undefined {
  const { main, train, modules } = report;
  return main !== undefined && train !== undefined
    ? resolvedMain(main, train, new Resolver(modules))
    : writtenMain(root);
}

function resolvedMain(main: Candidate, train: ModuleModel, resolver: Resolver): MainFacts {
  const methods: MethodFacts[] = [];
  for (const name of methodNames) {
    const member = memberOf(main.cls, name, resolver);
    if (member.kind !== 'found') continue;
    const { binding, owner } = member;
    const here = binding.kind === 'function' && owner.module.path === train.path;
    methods.push({ name, node: here ? binding.node : undefined });
  }
  const node = main.cls.module.path === train.path ? main.cls.node : undefined;
  return { node, binding: main.binding, methods };
}

const methodNames = ['__init__', 'train', 'save'] as const;

/** While the file does not parse: the class as it is written. */
function writtenMain(root: SyntaxNode): MainFacts | undefined {
  const statements = root.children.map((one) =>
    one.type === 'decorated_definition' ? (one.child('definition') ?? one) : one,
  );
  const node = statements.filter((one) => one.type === 'class_definition' && one.textOf('name') === 'Main').at(-1);
  const binding = node?.child('name');
  if (node === undefined || binding === undefined) return undefined;
  const functions = (node.child('body')?.children ?? []).filter((one) => one.type === 'function_definition');
  const methods = methodNames.flatMap((name) => {
    const found = functions.find((one) => one.textOf('name') === name);
    return found === undefined ? [] : [{ name, node: found }];
  });
  return { node, binding, methods };
}
