/** Document symbols of the contract: `Main` and the methods that a run calls. */
import { SymbolKind, type DocumentSymbol } from 'vscode-languageserver';
import type { FeatureContext, MethodFacts } from './context';

const details: Readonly<Record<MethodFacts['name'], string>> = {
  __init__: 'called first, without arguments',
  train: 'called with the path of the dataset',
  save: 'called last',
};

export function documentSymbols(context: FeatureContext): DocumentSymbol[] {
  const { main, source } = context;
  if (main === undefined) return [];
  const whole = main.node ?? main.binding;
  const children = main.methods.flatMap((method) => methodSymbol(context, method));
  return [
    {
      name: 'Main',
      detail: 'what a run builds, trains and saves',
      kind: SymbolKind.Class,
      range: source.rangeOf(whole),
      selectionRange: source.rangeOf(main.binding),
      children,
    },
  ];
}

function methodSymbol({ source, main }: FeatureContext, { name, node }: MethodFacts): DocumentSymbol[] {
  const label = node?.child('name');
  const whole = main?.node;
  if (node === undefined || label === undefined || whole === undefined) return [];
  // A symbol lies in the one that it belongs to; a method that was put on the class later does not.
  if (node.start < whole.start || node.end > whole.end) return [];
  const kind = name === '__init__' ? SymbolKind.Constructor : SymbolKind.Method;
  return [{ name, detail: details[name], kind, range: source.rangeOf(node), selectionRange: source.rangeOf(label) }];
}
