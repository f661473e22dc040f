/** `absolute-path`: places that exist on the author's machine only. */
import { factsOf } from '../python/facts';
import { stringParts } from '../python/strings';
import type { SyntaxNode } from '../python/syntaxNode';
import type { RawFinding } from '../rawFinding';
import { isDead } from './liveCode';
import { findingAt, warningOf, type Subject } from './subject';

const authorPlaces =
  /^(?:file:\/\/)?(?:\/(?:home|Users|mnt|media|Volumes|kaggle|content|scratch|gpfs|nfs)\/[^/\s]|\/root\/[^/\s]|[A-Za-z]:[\\/][^\s\\/])/;

export function absolutePaths({ train }: Subject): RawFinding[] {
  return factsOf(train.root)
    .absolutePaths.filter(
      (node) => isAuthorPlace(node) && !isDescription(node) && !isDead(node, train.name) && !isProbed(node),
    )
    .map((node) => {
      const message = "A run sees the package and the dataset only; this path of one machine isn't there.";
      return findingAt(train, { module: train, node }, undefined, warningOf('absolute-path', message));
    });
}

function isAuthorPlace(node: SyntaxNode): boolean {
  const [first] = stringParts(node) ?? [];
  return typeof first === 'string' && !first.includes('\n') && authorPlaces.test(first);
}

/** A string that stands alone, like a docstring, or is decorated with: a route of a web server. */
const isDescription = (node: SyntaxNode): boolean =>
  node.parent?.type === 'expression_statement' || node.around('decorator') !== undefined;

/** Asked for before it is used. */
function isProbed(node: SyntaxNode): boolean {
  const call = node.around('call');
  return (
    call !== undefined && /(?:exists|isdir|isfile|is_dir|is_file|startswith|replace)$/.test(call.textOf('function'))
  );
}
