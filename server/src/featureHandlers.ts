/** Joins the features with the connection: each request gets a context, and a failure of one gives an empty answer. */
import type { CodeAction, Connection, Diagnostic, Range, ServerCapabilities } from 'vscode-languageserver';
import { CodeActionKind } from 'vscode-languageserver';
import { messageOf } from '../../runner/src/domain/errors';
import type { Log } from '../../runner/src/domain/log';
import { diagnosticOf, type Places } from './diagnostics';
import { codeLenses } from './features/codeLens';
import { completionsAt, completionTriggers } from './features/completion';
import type { FeatureContext } from './features/context';
import { documentSymbols } from './features/documentSymbols';
import { failingLocation } from './features/failingFrame';
import { hoverAt } from './features/hover';
import { codeActions } from './features/quickFixes';
import { failingFrameMethod, failingFrameSchema } from './protocol';
import type { RawFinding } from './rawFinding';

export interface FeatureSurroundings {
  readonly connection: Connection;
  /** Resolves once analyses can be made. */
  readonly ready: () => Promise<void>;
  readonly contextOf: (uri: string) => FeatureContext | undefined;
  /** The version that a run would make now. */
  readonly nextOf: (folder: string) => string;
  readonly pageOf: (code: string) => string | undefined;
  readonly log: Log;
}

export const featureCapabilities: ServerCapabilities = {
  hoverProvider: true,
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
  codeLensProvider: {},
  documentSymbolProvider: { label: 'Training Pipelines' },
  completionProvider: { triggerCharacters: [...completionTriggers] },
};

export function listenForFeatures(around: FeatureSurroundings): void {
  const { connection } = around;
  const asked = async <T>(uri: string, empty: T, answer: (context: FeatureContext) => T): Promise<T> => {
    await around.ready();
    try {
      const context = around.contextOf(uri);
      return context === undefined ? empty : answer(context);
    } catch (error) {
      around.log.error(`no answer about ${uri}: ${messageOf(error)}`);
      return empty;
    }
  };
  connection.onHover(({ textDocument, position }) =>
    asked(textDocument.uri, null, (context) => hoverAt(context, position) ?? null),
  );
  connection.onCodeLens(({ textDocument }) =>
    asked(textDocument.uri, [], (context) => codeLenses(context, around.nextOf(context.package.folder))),
  );
  connection.onDocumentSymbol(({ textDocument }) => asked(textDocument.uri, [], documentSymbols));
  connection.onCompletion(({ textDocument, position }) =>
    asked(textDocument.uri, [], (context) => completionsAt(context, position)),
  );
  connection.onCodeAction(({ textDocument, range, context: { diagnostics, only } }) =>
    only !== undefined && !only.some((kind) => CodeActionKind.QuickFix.startsWith(kind))
      ? []
      : asked(textDocument.uri, [], (context) => actionsFor(context, range, diagnostics, around.pageOf)),
  );
  connection.onRequest(failingFrameMethod, async (params: unknown) => {
    const parsed = failingFrameSchema.safeParse(params);
    return parsed.success ? asked(parsed.data.uri, null, (context) => failingLocation(context) ?? null) : null;
  });
}

function actionsFor(
  context: FeatureContext,
  range: Range,
  shown: readonly Diagnostic[],
  pageOf: Places['pageOf'],
): CodeAction[] {
  const findings = context.findings.filter((finding) => touches(finding.range, range));
  const places = { uriOf: context.uriOf.bind(context), pageOf };
  return codeActions(context, findings, (finding) => shownAs(finding, shown) ?? diagnosticOf(finding, places));
}

const shownAs = (finding: RawFinding, shown: readonly Diagnostic[]): Diagnostic | undefined =>
  shown.find((one) => one.code === finding.code && JSON.stringify(one.range) === JSON.stringify(finding.range));

function touches(a: Range, b: Range): boolean {
  return !isBefore(a.end, b.start) && !isBefore(b.end, a.start);
}

const isBefore = (a: Range['start'], b: Range['start']): boolean =>
  a.line < b.line || (a.line === b.line && a.character < b.character);
