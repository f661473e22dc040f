/** Quick fixes: which ones a finding has, and how the Language Server Protocol is told. */
import { CodeActionKind, type CodeAction, type Diagnostic, type TextEdit } from 'vscode-languageserver';
import type { RawFinding } from '../rawFinding';
import {
  addRequirement,
  changeKey,
  compareText,
  goToRelated,
  guardWork,
  removeLine,
  writeToArtifacts,
} from './codeFixes';
import type { FeatureContext } from './context';
import type { QuickFix } from './fileEdit';
import { addClass, addMethod, fixSignature, makePlain } from './methodFixes';

type Fixer = (context: FeatureContext, finding: RawFinding) => QuickFix[];

const fixers: Readonly<Record<string, Fixer>> = {
  'main-missing': addClass,
  'train-missing': (context, finding) => addMethod(context, finding, 'train'),
  'save-missing': (context, finding) => addMethod(context, finding, 'save'),
  'train-signature': fixSignature,
  'save-signature': fixSignature,
  'init-signature': fixSignature,
  'method-async': makePlain,
  'import-time-work': guardWork,
  'parameter-typo': changeKey,
  'parameter-alias': changeKey,
  'parameter-text': compareText,
  'dataset-written': writeToArtifacts,
  'import-unknown': addRequirement,
  'save-unread': goToRelated,
  'requirement-conflict': removeLine,
};

/** What can be proposed for the findings of the context's document. */
export function quickFixes(context: FeatureContext, findings: readonly RawFinding[]): QuickFix[] {
  return findings.flatMap((finding) => fixers[finding.code]?.(context, finding) ?? []);
}

/** `diagnosticOf` gives the diagnostic that the client showed for a finding. */
export function codeActions(
  context: FeatureContext,
  findings: readonly RawFinding[],
  diagnosticOf: (finding: RawFinding) => Diagnostic,
): CodeAction[] {
  const seen = new Set<string>();
  return quickFixes(context, findings).map((fix) => {
    const isPreferred = !seen.has(fix.finding.code) && fix.edits.length > 0;
    seen.add(fix.finding.code);
    const base = { title: fix.title, kind: CodeActionKind.QuickFix, diagnostics: [diagnosticOf(fix.finding)] };
    if (fix.goTo === undefined) return { ...base, isPreferred, edit: { changes: changesOf(context, fix) } };
    const target = `${context.uriOf(fix.goTo.path)}#L${fix.goTo.line + 1}`;
    return { ...base, command: { title: fix.title, command: 'vscode.open', arguments: [target] } };
  });
}

function changesOf(context: FeatureContext, fix: QuickFix): Record<string, TextEdit[]> {
  const changes: Record<string, TextEdit[]> = {};
  for (const { path, range, newText } of fix.edits) {
    const uri = context.uriOf(path);
    changes[uri] = [...(changes[uri] ?? []), { range, newText }];
  }
  return changes;
}
