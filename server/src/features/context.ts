/** What a feature (hover, code actions, …) is given about the document that it is asked about. */
import type { Finding } from '../../../runner/src/domain/finding';
import type { Pipeline } from '../../../runner/src/domain/pipeline';
import type { RunFacts } from '../protocol';
import type { SyntaxNode } from '../python/syntaxNode';
import type { RawFinding } from '../rawFinding';
import type { SourceText } from '../sourceText';

/** What is known of the package around a document. */
export interface PackageFacts {
  /** Absolute path of the folder. */
  readonly folder: string;
  /** Relative to the workspace with `/`; absolute outside of it. */
  readonly shown: string;
  /** Configured, else the folder's. */
  readonly name: string;
  readonly configured: boolean;
  /** `"3.11"` where the configuration says so. */
  readonly python: string | undefined;
  /** Pipelines of the configuration file that run this package, in its order. */
  readonly pipelines: readonly Pipeline[];
  /** Names of parameters that runs of this package have: the defaults, those of its pipelines and their secrets. */
  readonly parameterNames: readonly string[];
}

/** A method that a run calls, wherever in the package it is defined. */
export interface MethodFacts {
  readonly name: 'train' | 'save' | '__init__';
  /** The `function_definition`, only where it stands in this document. */
  readonly node: SyntaxNode | undefined;
}

/** `class Main` as far as this document shows it. */
export interface MainFacts {
  /** The `class_definition` in this document that `Main` is; undefined where Main is imported or dynamic. */
  readonly node: SyntaxNode | undefined;
  /** Where `Main` is bound: the class's name, the imported name, the target of an assignment. */
  readonly binding: SyntaxNode;
  /** Those that exist, inherited ones included. */
  readonly methods: readonly MethodFacts[];
}

export interface FeatureContext {
  readonly uri: string;
  /** Name of the file inside the package, with `/`: `train.py`, `main.py`, `requirements.txt`, `lib/model.py`. */
  readonly path: string;
  readonly source: SourceText;
  /** The tree; undefined for what is no Python, or too large to look at. */
  readonly root: SyntaxNode | undefined;
  /** Undefined where the document is not the package's train.py or has no Main. */
  readonly main: MainFacts | undefined;
  readonly package: PackageFacts;
  /** What the last check said about this document. */
  readonly findings: readonly RawFinding[];
  /** Told by the client, newest first; empty for clients that never tell. */
  readonly runs: readonly RunFacts[];
  /** Text of another file of the package, the editor's before the disk's; undefined where there is none. */
  readText(path: string): string | undefined;
  /** The URI of another file of the package. */
  uriOf(path: string): string;
}

export type { Finding };
